import sys
from types import ModuleType

import numpy as np
import pytest
import torch
from PIL import Image
from tests.datasets import written

from onward.datasets.published import named
from onward.datasets.published.class_names import CIFAR10, CLASS_NAMES
from onward.errors import InputError

GREY, COLOUR = written.drawn(10, 28, 28), written.drawn(10, 3, 32, 32)
LABELS = written.counted(10, 10)


@pytest.fixture(autouse=True)
def no_library(monkeypatch):
    """Fetch nothing, whatever is installed."""
    monkeypatch.setitem(sys.modules, "datasets", None)


@pytest.mark.parametrize(
    ("name", "folder"),
    [(name, folder) for name in ("mnist", "fashion_mnist", "kmnist") for folder in named.FOLDERS[name]],
)
def test_grey_sets_are_found_in_each_usual_folder(tmp_path, name, folder):
    written.idx(tmp_path / folder, "train", GREY, LABELS)
    examples = named.load(name, "train", tmp_path)
    assert torch.equal(examples.inputs, torch.tensor(GREY)[:, None])
    assert examples.classes == CLASS_NAMES[name]


@pytest.mark.parametrize("folder", named.FOLDERS["cifar10"])
def test_cifar10_is_found_in_each_usual_folder(tmp_path, folder):
    written.cifar10_binary(tmp_path / folder, COLOUR, LABELS)
    examples = named.load("cifar10", "train", tmp_path)
    assert torch.equal(examples.inputs, torch.tensor(COLOUR)) and examples.classes == CIFAR10


@pytest.mark.parametrize("folder", named.FOLDERS["cifar100"])
def test_cifar100_is_found_in_each_usual_folder(tmp_path, folder):
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "test").write_bytes(written.python2_batch(COLOUR, LABELS, b"fine_labels"))
    assert torch.equal(named.load("cifar100", "test", tmp_path).inputs, torch.tensor(COLOUR))


def test_the_folder_of_the_set_itself_may_be_given(tmp_path):
    written.idx(tmp_path / "fashion-mnist", "test", GREY, LABELS)
    assert len(named.load("fashion_mnist", "test", tmp_path / "fashion-mnist")) == 10
    with pytest.raises(InputError, match="was not found"):  # its files have the names that MNIST's have
        named.load("mnist", "test", tmp_path / "fashion-mnist")


def test_the_argument_goes_before_the_environment_and_that_before_the_cache(tmp_path, monkeypatch):
    for k, folder in enumerate(("argument", "environment", "home/.cache/onward"), start=1):
        written.idx(tmp_path / folder / "mnist", "train", GREY[:k], LABELS[:k])
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert len(named.load("mnist", "train")) == 3
    monkeypatch.setenv("ONWARD_DATA", str(tmp_path / "environment"))
    assert len(named.load("mnist", "train")) == 2
    assert len(named.load("mnist", "train", tmp_path / "argument")) == 1


def test_a_layout_that_counts_the_classes_otherwise_is_lined_up_by_name(tmp_path):
    backwards = list(reversed(CIFAR10))
    images = written.drawn(10, 4, 4, 3)
    written.sheets(tmp_path / "cifar10", images, LABELS, backwards)
    examples = named.load("cifar10", "train", tmp_path)
    assert examples.classes == CIFAR10
    assert examples.targets.tolist() == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]


def test_more_labels_than_the_set_has_classes_are_refused(tmp_path):
    written.idx(tmp_path / "mnist", "train", GREY, LABELS + 3)
    with pytest.raises(InputError, match=r"3 of 10 targets are out of range: 10, 11, 12"):
        named.load("mnist", "train", tmp_path)


def test_a_set_that_is_not_there_is_said_with_the_folders_and_the_ways_out(tmp_path):
    with pytest.raises(InputError) as caught:
        named.load("cifar10", "test", tmp_path)
    said = str(caught.value)
    assert all(str(tmp_path / folder) in said for folder in named.FOLDERS["cifar10"])
    assert "--data-dir" in said and "ONWARD_DATA" in said and "pip install 'onward[huggingface]'" in said


def test_a_missing_part_is_said_with_the_part_that_is_there(tmp_path):
    (tmp_path / "kmnist-test").mkdir()
    np.savez(tmp_path / "kmnist-test" / "kmnist_test.npz", x=GREY, y=LABELS)
    assert len(named.load("kmnist", "test", tmp_path)) == 10
    with pytest.raises(InputError, match=r"train part of kmnist was not found.*kmnist-test has only its test part"):
        named.load("kmnist", "train", tmp_path)


def test_a_set_that_is_not_there_is_fetched(tmp_path, monkeypatch):
    library = ModuleType("datasets")
    table = {"image": [Image.fromarray(image) for image in GREY], "label": LABELS.tolist()}
    library.load_dataset = lambda name, split: type("Table", (dict,), {"column_names": list(table)})(table)
    monkeypatch.setitem(sys.modules, "datasets", library)
    examples = named.load("fashion_mnist", "train", tmp_path)
    assert torch.equal(examples.inputs, torch.tensor(GREY)[:, None])
    assert examples.classes[0] == "t-shirt/top"
    library.load_dataset = lambda name, split: (_ for _ in ()).throw(ConnectionError("offline"))
    with pytest.raises(InputError, match=r"was not found.*see why it was not fetched: .* offline"):
        named.load("fashion_mnist", "train", tmp_path)


def test_unknown_names_get_the_nearest():
    with pytest.raises(InputError, match=r"unknown data set 'mnits'. Did you mean 'mnist'"):
        named.load("mnits", "train")
    with pytest.raises(InputError, match=r"unknown split 'trian'. Did you mean 'train'"):
        named.load("mnist", "trian")


@pytest.mark.parametrize(("name", "count"), [("digits", 10), ("kmnist", 10), ("fashion_mnist", 10), ("cifar100", 100)])
def test_class_names_differ_from_one_another(name, count):
    assert len(set(CLASS_NAMES[name])) == len(CLASS_NAMES[name]) == count


@pytest.mark.data
@pytest.mark.parametrize(("split", "n", "first"), [("train", 60_000, [5, 0, 4]), ("test", 10_000, [7, 2, 1])])
def test_real_mnist(data_dir, split, n, first):
    examples = named.load("mnist", split, data_dir)
    assert examples.inputs.shape == (n, 1, 28, 28) and examples.inputs.dtype == torch.uint8
    assert examples.targets[:3].tolist() == first
    assert examples.classes == tuple("0123456789")


@pytest.mark.data
def test_real_kmnist_has_a_test_part_only(data_dir):
    examples = named.load("kmnist", "test", data_dir)
    assert examples.inputs.shape == (10_000, 1, 28, 28)
    assert examples.targets[:3].tolist() == [2, 9, 3]
    assert torch.bincount(examples.targets).tolist() == [1000] * 10
    assert examples.classes[2] == "su"
    with pytest.raises(InputError, match="has only its test part"):
        named.load("kmnist", "train", data_dir)


@pytest.mark.data
def test_real_cifar100_test_part(data_dir):
    examples = named.load("cifar100", "test", data_dir)
    assert examples.inputs.shape == (10_000, 3, 32, 32)
    assert torch.bincount(examples.targets).tolist() == [100] * 100
    assert examples.classes[:2] == ("apple", "aquarium_fish") and examples.classes[99] == "worm"
    assert examples.targets[:3].tolist() == [0, 0, 0]


@pytest.mark.data
@pytest.mark.parametrize(("split", "each"), [("train", 500), ("test", 200)])
def test_real_lean_cifar10(data_dir, split, each):
    examples = named.load("cifar10", split, data_dir)
    assert examples.inputs.shape == (10 * each, 3, 32, 32)
    assert torch.bincount(examples.targets).tolist() == [each] * 10
    assert examples.classes == CIFAR10 and examples.targets[0] == 0
