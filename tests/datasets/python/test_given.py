"""What people hold examples in becomes Data, or is refused in one sentence."""

from __future__ import annotations

import datasets
import numpy as np
import pytest
import torch
from PIL import Image
from tests.datasets.written import counted, drawn
from torch.utils.data import (
    BatchSampler,
    ConcatDataset,
    DataLoader,
    Dataset,
    IterableDataset,
    SequentialSampler,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
)

import onward
from onward.datasets.arrays.numbers import OnDisk
from onward.datasets.python.given import data
from onward.datasets.python.map_style import MapStyle
from onward.errors import InputError
from onward.types import Data, Examples, View

PIXELS, IDS = torch.from_numpy(drawn(30, 3, 6, 5)), torch.from_numpy(counted(30, 3)).long()
NAMES = ("cat", "dog", "owl")
EVERY = torch.arange(30)


class Listed(Dataset):
    """Thirty items, of which ``item`` decides the form; what else there is is given by name."""

    def __init__(self, item=lambda k: (PIXELS[k], int(IDS[k])), n: int = 30, **facts: object) -> None:
        self.item, self.n = item, n
        vars(self).update(facts)

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, k: int) -> object:
        return self.item(k)


def same(found: Data, classes: tuple[str, ...] = ("0", "1", "2"), inputs: torch.Tensor = PIXELS) -> bool:
    """Say whether these are the thirty examples, by all that Data tells."""
    batch, order = found.take(EVERY), torch.randperm(30, generator=torch.Generator().manual_seed(0))
    shuffled = found.take(order)
    return (
        isinstance(found, Data)
        and (len(found), found.classes) == (30, classes)
        and torch.equal(found.targets, IDS)
        and torch.equal(batch.inputs, inputs)
        and batch.inputs.dtype == inputs.dtype
        and torch.equal(batch.targets, IDS)
        and torch.equal(shuffled.inputs, inputs[order])
        and torch.equal(shuffled.targets, IDS[order])
    )


# Arrays


@pytest.mark.parametrize("targets", [IDS, IDS.numpy(), IDS.tolist(), IDS[:, None], IDS.int().numpy()])
@pytest.mark.parametrize(
    "inputs", [PIXELS, PIXELS.numpy(), PIXELS.permute(0, 2, 3, 1), PIXELS.numpy().transpose(0, 2, 3, 1)]
)
def test_arrays_are_examples_in_memory(inputs, targets):
    found = data(inputs, targets=targets)
    assert isinstance(found, Examples) and same(found)


def test_images_without_an_axis_for_channels_get_one():
    grey = PIXELS[:, 0]
    assert same(data(grey, targets=IDS), inputs=grey[:, None])
    assert same(data(grey.numpy(), targets=IDS), inputs=grey[:, None])


def test_an_array_that_lies_right_is_not_copied():
    inputs = PIXELS.float()
    assert data(inputs, targets=IDS).inputs.data_ptr() == inputs.data_ptr()


@pytest.mark.parametrize("channels_last", [False, True])
def test_an_array_that_is_mapped_stays_in_its_file(tmp_path, channels_last):
    array = PIXELS.permute(0, 2, 3, 1).numpy() if channels_last else PIXELS.numpy()
    np.save(tmp_path / "x.npy", np.concatenate([array[:5], array]))
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    found = data(mapped[5:], NAMES, targets=IDS)
    assert isinstance(found, OnDisk) and same(found, NAMES)
    with pytest.raises(InputError, match="there are 35 inputs but 30 targets"):
        data(mapped, targets=IDS)


def test_numbers_of_numpy_become_what_models_compute_in_and_tensors_stay_what_they_are():
    doubles = np.arange(60.0).reshape(30, 2)
    assert data(doubles, targets=IDS).inputs.dtype == torch.float32
    assert data(torch.from_numpy(doubles), targets=IDS).inputs.dtype == torch.float64
    assert data(doubles.astype(np.int64), targets=IDS).inputs.dtype == torch.int64


def test_targets_that_are_names_are_counted_in_the_order_of_the_names_given_or_of_the_alphabet():
    words = ["dog", "cat", "dog"]
    found = data(np.zeros((3, 2)), targets=words)
    assert (found.classes, found.targets.tolist()) == (("cat", "dog"), [1, 0, 1])
    found = data(np.zeros((3, 2)), ["owl", "dog", "cat"], targets=np.array(words))
    assert (found.classes, found.targets.tolist()) == (("owl", "dog", "cat"), [1, 2, 1])


@pytest.mark.parametrize(
    ("inputs", "classes", "targets", "told"),
    [
        (np.zeros((3, 2)), None, None, r"an array of inputs needs the class of each: data\(x, targets=y\)"),
        (np.zeros((3, 2)), None, [0, 1], "there are 3 inputs but 2 targets"),
        (np.zeros((3, 2)), ("a", "b"), [0, 1, 2], r"1 of 3 targets are out of range: 2; .*\[0, 2\)"),
        (np.zeros((3, 2)), ("a", "b"), ["a", "b", "c"], "class names lack: c"),
        (np.zeros((3, 2)), None, [0.5, 1, 2], "one class id or class name each, got float64"),
        (np.zeros((3, 2)), None, [[0, 1], [2]], "one class id or class name for each example"),
        (np.zeros((3, 2)), None, [0, -1, 2], "1 of 3 targets are out of range: -1"),
        (np.zeros(3), None, [0, 1, 2], r"a row for each example, got shape \(3,\)"),
        (np.array([["x"], ["y"]]), None, [0, 1], "inputs must be uint8, int32, int64 or float, got <U1"),
        (TensorDataset(PIXELS, IDS), None, IDS, "targets go with an array of inputs; a TensorDataset brings its own"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(inputs, classes, targets, told):
    with pytest.raises(InputError, match=told):
        data(inputs, classes, targets)


# Data sets of torch, and others like them


def test_tensors_are_taken_whole():
    assert isinstance(data(TensorDataset(PIXELS, IDS)), Examples)
    assert same(data(TensorDataset(PIXELS, IDS), NAMES), NAMES)
    assert data(TensorDataset(PIXELS, IDS)).inputs is PIXELS
    assert isinstance(data(DataLoader(TensorDataset(PIXELS, IDS), 7, shuffle=True)), Examples)


HELD = {
    "pairs": lambda k: (PIXELS[k], int(IDS[k])),
    "lists": lambda k: [PIXELS[k], IDS[k]],
    "arrays": lambda k: (PIXELS[k].numpy(), np.int64(IDS[k])),
    "images": lambda k: (Image.fromarray(PIXELS[k].permute(1, 2, 0).numpy()), int(IDS[k])),
    **{
        f"{x} and {y}": lambda k, x=x, y=y: {"id": k, y: IDS[k], x: PIXELS[k]}
        for x, y in [("image", "label"), ("pixel_values", "labels"), ("x", "y"), ("inputs", "target"), ("input", "y")]
    },
}


@pytest.mark.parametrize("form", HELD)
def test_items_come_in_the_forms_that_people_give_them(form):
    found = data(Listed(HELD[form]))
    assert isinstance(found, MapStyle) and same(found)


def test_a_list_of_items_is_a_data_set():
    assert same(data([(PIXELS[k], IDS[k]) for k in range(30)]))


def test_arrays_of_images_with_their_channels_last_are_turned_and_doubles_made_floats():
    assert same(data(Listed(lambda k: (PIXELS[k].permute(1, 2, 0).numpy(), IDS[k]))))
    halves = PIXELS / 2
    assert same(data(Listed(lambda k: (halves[k].double().numpy(), IDS[k]))), inputs=halves)
    assert same(
        data(Listed(lambda k: {"input_ids": [k, 2 * k], "label": IDS[k]})), inputs=EVERY[:, None] * torch.tensor([1, 2])
    )


def test_grey_images_have_one_channel():
    grey = PIXELS[:, :1]
    assert same(data(Listed(lambda k: (Image.fromarray(grey[k, 0].numpy()), IDS[k]))), inputs=grey)


class Noted(Listed):
    """Notes which items are read."""

    def __getitem__(self, k: int) -> object:
        vars(self).setdefault("read", []).append(k)
        return super().__getitem__(k)


@pytest.mark.parametrize("stated", ["targets", "labels"])
@pytest.mark.parametrize("form", [IDS, IDS.tolist(), IDS.numpy()])
def test_classes_that_the_data_set_states_are_not_read_from_its_items(stated, form):
    dataset = Noted(**{stated: form})
    found = data(dataset)
    assert len(set(dataset.read)) == 8
    assert same(found)


def test_classes_that_a_transform_changes_are_read_from_the_items():
    assert same(data(Listed(targets=2 - IDS)))
    raw = IDS.clone()
    raw[1] = 0  # which is none of the eight items that are looked at
    assert same(data(Listed(targets=raw, target_transform=lambda k: k)))
    assert data(Listed(targets=raw)).targets[1] == 0


@pytest.mark.parametrize(
    "facts",
    [
        {"classes": list(NAMES)},
        {"class_to_idx": {"owl": 2, "cat": 0, "dog": 1}},
        {"classes": NAMES, "class_to_idx": {"cat": 0, "dog": 1, "owl": 2}},
    ],
)
def test_names_are_those_that_the_data_set_states(facts):
    assert same(data(Listed(**facts)), NAMES)
    assert same(data(Listed(**facts), NAMES), NAMES)


def test_names_that_are_given_name_the_ids_of_a_data_set_without():
    assert same(data(Listed(), NAMES), NAMES)


def test_items_may_say_their_class_by_name():
    found = data(Listed(lambda k: (PIXELS[k], NAMES[IDS[k]])))
    assert same(found, NAMES)
    assert data(Listed(lambda k: (PIXELS[k], NAMES[IDS[k]])), ("owl", *NAMES[:2])).targets.tolist()[:3] == [1, 2, 0]


def test_a_part_of_a_data_set_and_several_together_know_what_their_own_know():
    dataset = Noted(targets=IDS, classes=NAMES)
    rows = [29, 3, 17]
    part = data(Subset(dataset, rows))
    assert part.classes == NAMES and torch.equal(part.targets, IDS[rows])
    assert torch.equal(part.take(torch.tensor([2, 0])).inputs, PIXELS[[17, 29]])
    halves = ConcatDataset([Subset(dataset, range(12)), Subset(dataset, range(12, 30))])
    dataset.read.clear()
    assert same(data(halves), NAMES)
    assert len(dataset.read) == 2 * 8 + 2 * 30, "eight are read twice, and all twice by the comparison"
    assert same(data(ConcatDataset([TensorDataset(PIXELS[:9], IDS[:9]), TensorDataset(PIXELS[9:], IDS[9:])])))


def test_ours_is_returned_as_it_is():
    ours = View(data(PIXELS, NAMES, IDS), EVERY, IDS, NAMES)
    assert data(ours) is ours and data(ours, NAMES) is ours


def test_names_in_conflict_are_both_told():
    ours = data(PIXELS, NAMES, IDS)
    for given in (Listed(classes=NAMES), Subset(Listed(classes=NAMES), range(5)), ours):
        with pytest.raises(InputError, match=r"classes says a, b, c; the data set itself says cat, dog, owl"):
            data(given, ("a", "b", "c"))
    with pytest.raises(
        InputError, match="the parts of the data set name the classes differently: cat, dog, owl and none"
    ):
        data(ConcatDataset([Listed(classes=NAMES), Listed()]))


# Loaders


def test_of_a_loader_the_data_set_counts_and_not_its_order():
    loader = DataLoader(Listed(), batch_size=4, shuffle=True, drop_last=True)
    assert same(data(loader))
    assert same(data(DataLoader(Listed(), batch_size=None)))
    assert same(data(DataLoader(Listed(), batch_sampler=BatchSampler(SequentialSampler(EVERY), 4, False))))


def test_a_loader_of_a_subset_gives_the_subset():
    found = data(DataLoader(Listed(), 4, sampler=SubsetRandomSampler([5, 2, 9])))
    assert len(found) == 3 and sorted(found.targets.tolist()) == sorted(IDS[[5, 2, 9]].tolist())
    with pytest.raises(InputError, match="draws by a WeightedRandomSampler, which does not say which examples"):
        data(DataLoader(Listed(), 4, sampler=WeightedRandomSampler([1.0] * 30, 30)))


@pytest.mark.parametrize(
    "collate",
    [
        lambda items: (torch.stack([x for x, _ in items]).float() / 255, torch.tensor([y for _, y in items])),
        lambda items: {
            "pixel_values": torch.stack([x for x, _ in items]).float() / 255,
            "labels": torch.tensor([y for _, y in items]),
        },
    ],
)
def test_a_loaders_own_collate_fn_makes_the_batches(collate):
    assert same(data(DataLoader(Listed(), 4, collate_fn=collate)), inputs=PIXELS.float() / 255)


@pytest.mark.parametrize(
    ("collate", "told"),
    [
        (lambda items: 1 / 0, "collate_fn fails on the items 0, 4, .*: ZeroDivisionError: division by zero"),
        (lambda items: (items, [y for _, y in items]), "inputs of list of 8 items; wanted a tensor, a row for each"),
        (lambda items: (PIXELS[:2], IDS[:2]), r"inputs of \(2, 3, 6, 5\) uint8 of 8 items; wanted a tensor"),
        (lambda items: PIXELS, r"what collate_fn makes of items of the data set must be \(x, y\), .*, got Tensor"),
    ],
)
def test_a_collate_fn_that_makes_no_batch_is_refused(collate, told):
    with pytest.raises(InputError, match=told):
        data(DataLoader(Listed(), 4, collate_fn=collate))


def test_batches_of_a_collate_fn_must_come_in_one_form():
    def padded(items):
        longest = max(y for _, y in items) + 1
        return torch.zeros(len(items), longest), torch.tensor([y for _, y in items])

    found = data(DataLoader(Listed(), 4, collate_fn=padded))
    with pytest.raises(
        InputError, match=r"items 3, 0 of the data set come as inputs of \(1,\) float32.*as \(3,\) float32"
    ):
        found.take(torch.tensor([3, 0]))


# What is refused


def broken(k: int) -> tuple[torch.Tensor, int]:
    if k == 17:
        raise OSError("truncated file cat_17.png\nand more")
    return PIXELS[k], int(IDS[k])


def test_an_item_that_cannot_be_read_is_named():
    with pytest.raises(
        InputError, match=r"^item 17 of the data set cannot be read: OSError: truncated file cat_17.png$"
    ):
        data(Listed(broken))
    found = data(Listed(broken, targets=IDS))
    with pytest.raises(InputError, match="item 17 of the data set cannot be read"):
        found.take(torch.tensor([3, 17, 5]))
    found = data(Subset(Listed(broken, targets=IDS), range(10, 30)))  # asked for many at once, as torch has it
    with pytest.raises(InputError, match="item 7 of the data set cannot be read: OSError"):
        found.take(torch.tensor([3, 7, 5]))


def cut(k: int) -> tuple[torch.Tensor, int]:
    return (PIXELS[k, :, : 6 - k // 12], int(IDS[k]))


@pytest.mark.parametrize(
    ("item", "told"),
    [
        (
            lambda k: PIXELS[k],
            r"^item 0 of the data set must be \(x, y\), or a dict with one of image, .*, got Tensor$",
        ),
        (lambda k: k, "item 0 of the data set must be .*, got int$"),
        (lambda k: (PIXELS[k], 0, k), "item 0 of the data set must be .*, got tuple of 3"),
        (lambda k: {"text": "a", "label": 0}, "item 0 of the data set must be .*, got dict of text, label"),
        (lambda k: ("a", 0), "item 0 of the data set has no input that can be used: inputs must be uint8"),
        (lambda k: (Image.new("F", (2, 2)), 0), "no input that can be used: has mode F, but only 8-bit"),
        (lambda k: (PIXELS[k], None), "one class id or class name each, got object"),
        (lambda k: (PIXELS[k], [1, 0]), "one class id or class name each, got"),
        (cut, r"item 12 of the data set has an input of \(3, 5, 5\) uint8, item 0 one of \(3, 6, 5\) uint8"),
        (
            lambda k: (PIXELS[k] if k else PIXELS[k].float(), 0),
            r"item 4 .* \(3, 6, 5\) uint8, item 0 one of .* float32",
        ),
    ],
)
def test_wrong_items_are_refused(item, told):
    with pytest.raises(InputError, match=told):
        data(Listed(item))


class Streamed(IterableDataset):
    def __iter__(self):
        yield PIXELS[0], 0


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (Streamed(), "wanted an array with targets, or a map-style data set, .* got Streamed"),
        (DataLoader(Streamed(), 4), "a map-style data set, which has a length .* got Streamed"),
        (iter([1]), "got list_iterator"),
        (7, "got int"),
        ("data/week-47", r"'data/week-47' is the name of a place; onward.read\(...\) reads what lies there"),
        ({"train": Listed(), "test": Listed()}, "wanted one data set, got dict of 'train', 'test'; give one of them"),
        (Listed(n=0), "the data set is empty"),
        (Listed(targets=IDS[:12]), "the data set has 30 items but 12 targets"),
        (Listed(class_to_idx={"a": 1, "b": 3}), "class_to_idx must count from 0 without gaps, got 1, 3"),
    ],
)
def test_what_is_no_data_set_is_refused(given, told):
    with pytest.raises(InputError, match=told):
        data(given)


def test_items_that_are_drawn_at_random_are_refused_and_no_global_state_is_moved():
    def flipped(k: int) -> tuple[torch.Tensor, int]:
        return (PIXELS[k].flip(-1) if torch.rand(()) < 0.5 else PIXELS[k]), int(IDS[k])

    before = torch.random.get_rng_state()
    with pytest.raises(InputError, match=r"item \d+ of the data set is another each time it is read. .*augment = "):
        data(Listed(flipped, targets=IDS))
    assert torch.equal(torch.random.get_rng_state(), before)


# Hugging Face's


@pytest.fixture(scope="module")
def table() -> datasets.Dataset:
    features = datasets.Features({"image": datasets.Image(), "label": datasets.ClassLabel(names=list(NAMES))})
    pictures = [Image.fromarray(image) for image in PIXELS.permute(0, 2, 3, 1).numpy()]
    return datasets.Dataset.from_dict({"image": pictures, "label": IDS.tolist()}, features=features)


def test_a_table_of_hugging_faces_is_a_data_set_with_names(table):
    assert same(data(table), NAMES)
    assert same(data(DataLoader(table, 4)), NAMES)
    backwards = table.select(range(29, -1, -1))
    assert torch.equal(data(backwards).take(EVERY).inputs, PIXELS.flip(0))
    assert torch.equal(data(backwards).targets, IDS.flip(0))
    assert same(data(table.with_format("torch")), NAMES)


def test_a_table_may_be_transformed_as_it_is_read(table):
    def transform(rows):
        images = [torch.from_numpy(np.asarray(image)).permute(2, 0, 1).float() for image in rows["image"]]
        return {"pixel_values": images, "labels": rows["label"]}

    assert same(data(table.with_transform(transform)), NAMES, PIXELS.float())


def test_a_table_of_numbers_and_words(table):
    held = datasets.Dataset.from_dict({"x": PIXELS.flatten(1).tolist(), "y": [NAMES[k] for k in IDS]})
    assert same(data(held), NAMES, PIXELS.flatten(1).long())


def test_several_tables_are_not_one(table):
    with pytest.raises(InputError, match="wanted one data set, got DatasetDict of 'train', 'test'"):
        data(datasets.DatasetDict({"train": table, "test": table}))
    with pytest.raises(InputError, match="got IterableDataset"):
        data(table.to_iterable_dataset())


# At the door


def test_it_is_public():
    assert onward.data is data


def test_what_is_no_data_is_refused_by_update_and_judge_with_the_way_out():
    model = onward.fresh("mlp", (2,), seed=0, width=2)
    model.grow(NAMES, 0)
    learner = onward.Learner(model.eval())
    for verb in (onward.update, onward.judge):
        with pytest.raises(
            InputError, match=r"wanted examples as onward takes them, got DataLoader; onward.data\(...\)"
        ):
            verb(learner, DataLoader(Listed()))
