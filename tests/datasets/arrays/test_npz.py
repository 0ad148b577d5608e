import io
import zipfile

import numpy as np
import pytest
import torch
from tests.datasets import written

from onward.datasets import source
from onward.datasets.arrays import npz
from onward.datasets.arrays.numbers import OnDisk
from onward.datasets.reading import Reading
from onward.errors import InputError
from onward.types import Examples

IMAGES, LABELS = written.drawn(6, 5, 4), written.counted(6, 3)


def read_file(path, split=None, reading=Reading()):  # noqa: B008 - a frozen record
    """Return the examples in an archive."""
    return npz.read_file(path, split, reading.memory).taken(reading).data


@pytest.fixture
def path(tmp_path):
    return tmp_path / "held.npz"


@pytest.mark.parametrize("keys", npz.PAIRS)
def test_npz_reads_back_each_pair_of_names(path, keys):
    np.savez_compressed(path, **dict(zip(keys, (IMAGES, LABELS), strict=True)))
    part = read_file(path)
    assert torch.equal(part.inputs, torch.tensor(IMAGES)[:, None])
    assert torch.equal(part.targets, torch.tensor(LABELS, dtype=torch.int64))


@pytest.mark.parametrize("form", ["x_{},y_{}", "train_x,train_y", "images_{},labels_{}"])
def test_npz_keeps_splits_apart(path, form):
    x, y = form.format("train", "train").split(",")
    x2, y2 = form.replace("train", "test").format("test", "test").split(",")
    np.savez(path, **{x: IMAGES, y: LABELS, x2: IMAGES[:2], y2: LABELS[:2]})
    assert len(read_file(path, "train").targets) == 6
    assert len(read_file(path, "test").targets) == 2
    assert len(read_file(path).targets) == 6


def test_npz_takes_a_split_of_any_name(path):
    np.savez(path, x_val=IMAGES, y_val=LABELS)
    assert len(read_file(path, "val").targets) == 6


def test_npz_of_another_split_or_other_keys_is_refused_with_what_it_holds(path):
    np.savez(path, x_train=IMAGES, y_train=LABELS)
    with pytest.raises(InputError, match="holds x_train, y_train; wanted the keys x_test and y_test"):
        read_file(path, "test")
    np.savez(path, pictures=IMAGES)
    with pytest.raises(InputError, match="holds pictures; wanted the keys x and y"):
        read_file(path)


def test_npz_in_a_folder_is_found_by_its_keys_or_the_end_of_its_name(tmp_path):
    np.savez(tmp_path / "kmnist_test.npz", x=IMAGES, y=LABELS)
    assert npz.holds(tmp_path, "test") and not npz.holds(tmp_path, "train")
    assert len(npz.read(tmp_path, "test").taken(Reading()).data.targets) == 6
    np.savez(tmp_path / "mnist.npz", x_train=IMAGES, y_train=LABELS)
    assert npz.holds(tmp_path, "train")


def test_images_become_channels_first(path):
    colour = written.drawn(2, 5, 4, 3)
    np.savez(path, x=colour, y=LABELS[:2])
    assert torch.equal(read_file(path).inputs, torch.tensor(colour).permute(0, 3, 1, 2))
    np.savez(path, x=colour.transpose(0, 3, 1, 2), y=LABELS[:2])
    assert torch.equal(read_file(path).inputs, torch.tensor(colour).permute(0, 3, 1, 2))


def test_features_become_float32(path):
    for dtype in (np.float64, np.float16, np.int8, ">f4"):
        np.savez(path, x=np.arange(6, dtype=dtype).reshape(2, 3), y=[0, 1])
        inputs = read_file(path).inputs
        assert inputs.dtype == torch.float32
        assert torch.equal(inputs, torch.arange(6.0).reshape(2, 3))


def test_features_that_are_not_finite_are_counted_with_their_rows(path):
    inputs = np.zeros((5, 2))
    inputs[1, 0], inputs[3, 1], inputs[4, 0] = np.nan, np.inf, 1e300  # the last overflows float32
    np.savez(path, x=inputs, y=np.zeros(5, int))
    with pytest.raises(
        InputError, match=r"3 of 5 rows in .* cannot be used: row 1 \(not finite.*row 3.*row 4.*--corrupt skip"
    ):
        read_file(path)


def test_class_names_travel_in_the_file(path):
    np.savez(path, x=IMAGES, y=LABELS, classes=np.array(["kite", "plane", "quad", "gull"]))
    assert read_file(path).classes == ("kite", "plane", "quad", "gull")


def test_classes_without_names_are_called_by_their_ids(path):
    np.savez(path, x=IMAGES, y=LABELS)
    assert read_file(path).classes == ("0", "1", "2")


def test_targets_may_be_names(path):
    np.savez(path, x=IMAGES[:3], y=np.array(["quad", "kite", "quad"]))
    examples = read_file(path)
    assert examples.classes == ("kite", "quad") and examples.targets.tolist() == [1, 0, 1]
    np.savez(path, x=IMAGES[:3], y=np.array(["quad", "kite", "quad"]), classes=np.array(["quad", "gull", "kite"]))
    assert read_file(path).targets.tolist() == [0, 2, 0]
    np.savez(path, x=IMAGES[:3], y=np.array(["quad", "kite", "quad"]), classes=np.array(["quad"]))
    with pytest.raises(InputError, match="class names lack: kite"):
        read_file(path)


@pytest.mark.parametrize(
    ("labels", "problem"),
    [
        ([0, 1, 2, 0, 1, -4], r"1 of 6 targets are out of range: -4"),
        ([0, 1, 2, 0, 1, 10**12], r"greatest target is 1000000000000"),
        ([0, 1, 2], r"6 inputs but 3 targets"),
        ([0.0, 1, 2, 0, 1, 2], r"float64 of shape \(6,\)"),
        (np.eye(6, dtype=int), r"int64 of shape \(6, 6\)"),
    ],
)
def test_targets_that_are_no_class_ids_are_refused(path, labels, problem):
    np.savez(path, x=IMAGES, y=labels)
    with pytest.raises(InputError, match=problem):
        read_file(path)


def test_labels_beyond_the_names_are_counted(path):
    np.savez(path, x=IMAGES, y=LABELS, classes=np.array(["a", "b"]))
    with pytest.raises(InputError, match=r"2 of 6 targets are out of range: 2; with 2 class names"):
        read_file(path)


def test_empty_archives_hold_no_examples(path):
    np.savez(path, x=IMAGES[:0], y=LABELS[:0])
    with pytest.raises(InputError, match="holds no examples"):
        read_file(path)


def test_one_value_an_example_is_refused(path):
    np.savez(path, x=np.arange(6.0), y=LABELS)
    with pytest.raises(InputError, match="a row for each example"):
        read_file(path)


class Trap:
    """Would leave a file behind if it were ever unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


@pytest.mark.parametrize("key", ["x", "y", "classes"])
def test_an_array_of_objects_is_refused_and_not_unpickled(path, tmp_path, key):
    held = {"x": IMAGES, "y": LABELS, "classes": np.array(["a", "b", "c"])}
    held[key] = np.array([Trap(tmp_path / "sprung")], dtype=object)
    np.savez(path, allow_pickle=True, **held)
    with pytest.raises(InputError, match=f"'{key}' holds Python objects"):
        read_file(path)
    assert not (tmp_path / "sprung").exists()


def archive(path, header: str, values: bytes = b"", version: bytes = b"\x01\x00"):
    """Write an archive whose x has this header."""
    labels = io.BytesIO()
    np.save(labels, LABELS)
    held = b"\x93NUMPY" + version + len(header).to_bytes(2, "little") + header.encode("latin-1") + values
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("x.npy", held)
        file.writestr("y.npy", labels.getvalue())


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        (
            "{'descr': '|u1', 'fortran_order': False, 'shape': (10000000000, 784)}\n",
            "announces 7840000000000 bytes",
        ),
        ("{'descr': '|u1', 'fortran_order': False, 'shape': (-1, 784)}\n", "announces -784 bytes"),
        ("{'descr': '|u1', 'fortran_order': False, 'shape': (6, 2, 3)\n", "cannot be read"),
        ("{'descr': '|u1', 'fortran_order': False, 'shape': ''' (6\n", "cannot be read"),
        ("{'descr': ', 'shape': (6, 2)}\n", "cannot be read"),
        ("[" * 9000, "cannot be read"),
        ("", "cannot be read"),
    ],
)
def test_a_header_that_lies_is_refused(path, header, problem):
    archive(path, header, bytes(36))
    with pytest.raises(InputError, match=problem):
        read_file(path)


def test_an_unknown_version_of_the_array_format_is_refused(path):
    archive(path, "", version=b"\x09\x00")
    with pytest.raises(InputError, match=r"cannot be read|format"):
        read_file(path)


def test_an_archive_cut_or_changed_anywhere_is_read_or_refused_but_never_crashes(path):
    held = io.BytesIO()
    np.savez_compressed(held, x=IMAGES, y=LABELS)
    whole, refused = held.getvalue(), 0
    cut = [whole[:place] for place in range(0, len(whole), 7)]
    changed = [whole[:k] + bytes([whole[k] ^ 0x55]) + whole[k + 1 :] for k in range(len(whole))]
    for broken in cut + changed:
        path.write_bytes(broken)
        try:
            read_file(path)
        except InputError:
            refused += 1
    assert refused > len(cut) + len(changed) / 2


def test_a_file_that_is_no_archive_is_refused(path):
    np.save(path.with_suffix(".npy"), IMAGES)
    path.with_suffix(".npy").rename(path)
    with pytest.raises(InputError, match="not a whole"):
        read_file(path)


LARGE = Reading(memory=10)
EVERY = torch.arange(6)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("inputs", [IMAGES, np.asfortranarray(IMAGES), IMAGES.astype(">f8")])
def test_inputs_larger_than_memory_stay_in_the_archive_or_a_temporary_file(path, save, inputs):
    save(path, y=LABELS, x=inputs)
    lazy, held = read_file(path, reading=LARGE), read_file(path)
    assert isinstance(lazy, OnDisk) and isinstance(held, Examples)
    assert torch.equal(lazy.take(EVERY).inputs, held.inputs) and torch.equal(lazy.targets, held.targets)


def test_a_byte_changed_in_an_archive_larger_than_memory_is_found(path):
    images = written.drawn(6, 100, 100)
    np.savez(path, x=images, y=LABELS)
    whole = path.read_bytes()
    place = whole.index(images[3].tobytes())
    path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
    with pytest.raises(InputError, match="its checksum differs"):
        read_file(path, reading=LARGE)


@pytest.mark.parametrize("form", ["x,y", "x_train,y_train", "train_images,train_labels"])
def test_two_files_of_arrays_in_a_folder_are_a_source(tmp_path, form):
    for name, array in zip(form.split(","), (IMAGES, LABELS), strict=True):
        np.save(tmp_path / name, array)
    lazy, held = (source.read(str(tmp_path), reading=reading) for reading in (LARGE, None))
    assert isinstance(lazy, OnDisk) and torch.equal(held.inputs, torch.tensor(IMAGES)[:, None])
    assert torch.equal(lazy.take(EVERY).inputs, held.inputs)
    assert held.targets.tolist() == LABELS.tolist()


@pytest.mark.parametrize("memory", [10, 2**30])
def test_a_file_of_an_array_cut_or_of_objects_is_refused(tmp_path, memory):
    np.save(tmp_path / "x.npy", IMAGES)
    np.save(tmp_path / "y.npy", LABELS)
    whole = (tmp_path / "x.npy").read_bytes()
    for length in range(0, len(whole), 13):
        (tmp_path / "x.npy").write_bytes(whole[:length])
        with pytest.raises(InputError, match=r"x\.npy"):
            npz.read_pair(tmp_path, memory=memory)
    np.save(tmp_path / "x.npy", np.array([Trap(tmp_path / "sprung")] * 6), allow_pickle=True)
    with pytest.raises(InputError, match="holds Python objects"):
        npz.read_pair(tmp_path, memory=memory)
    assert not (tmp_path / "sprung").exists()
