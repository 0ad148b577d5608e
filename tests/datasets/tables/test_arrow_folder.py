import json

import datasets
import numpy as np
import pytest
import torch
from PIL import Image
from tests.datasets import written

from onward.datasets import read
from onward.datasets.arrays.numbers import OnDisk
from onward.datasets.images.encoded import Encoded
from onward.datasets.reading import Care, Reading
from onward.datasets.source import taken
from onward.errors import InputError

IMAGES = written.drawn(5, 4, 6, 3)
GRID = np.arange(30, dtype=np.float32).reshape(5, 2, 3)


@pytest.fixture(scope="module")
def made():
    """A data set with columns of every kind, the class of the last unknown."""
    datasets.disable_progress_bars()
    features = {
        "image": datasets.Image(),
        "label": datasets.ClassLabel(names=["gull", "kite"]),
        "grid": datasets.Array2D((2, 3), "float32"),
        "pair": datasets.List(datasets.Value("float64"), length=2),
        "size": datasets.Value("int64"),
        "kind": datasets.Value("string"),
    }
    columns = {
        "image": [Image.fromarray(image) for image in IMAGES],
        "label": [0, 1, 1, 0, -1],
        "grid": GRID.tolist(),
        "pair": [[k, 0.5] for k in range(5)],
        "size": list(range(5)),
        "kind": ["a", "b", "a", "b", "c"],
    }
    return datasets.Dataset.from_dict(columns, features=datasets.Features(features))


@pytest.fixture
def saved(made, tmp_path):
    """The data set as its library saves it, in two files."""
    made.save_to_disk(tmp_path / "saved", num_shards=2)
    return tmp_path / "saved"


def test_images_and_names_of_classes_are_read_without_the_library(saved):
    left = taken(str(saved), reading=Reading(care=Care(unlabeled="skip")))
    assert left.data.classes == ("gull", "kite") and left.data.targets.tolist() == [0, 1, 1, 0]
    assert torch.equal(left.data.inputs, torch.tensor(IMAGES[:4]).permute(0, 3, 1, 2))
    assert left.unlabeled == ("image 4",)


def test_images_that_do_not_fit_in_memory_stay_where_they_lie(saved):
    lazy = read(f"{saved}", reading=Reading(care=Care(unlabeled="skip"), memory=0))
    assert isinstance(lazy, Encoded)
    rows = torch.tensor([3, 1])
    assert torch.equal(lazy.take(rows).inputs, torch.tensor(IMAGES[[3, 1]]).permute(0, 3, 1, 2))


def test_columns_of_numbers_and_of_lists_are_inputs(saved):
    assert read(f"{saved}@columns=size@label=kind").inputs.tolist() == [[0], [1], [2], [3], [4]]
    assert read(f"{saved}@columns=pair@label=kind").inputs[3].tolist() == [3, 0.5]
    for memory in (0, 2**30):
        grid = read(f"{saved}@columns=grid@label=kind", reading=Reading(memory=memory))
        assert isinstance(grid, OnDisk) == (memory == 0) and grid.classes == ("a", "b", "c")
        assert torch.equal(grid.take(torch.arange(5)).inputs, torch.tensor(GRID)[:, None])


def test_splits_are_the_folders_of_a_dictionary(made, tmp_path):
    datasets.DatasetDict(train=made.select([0, 1]), test=made.select([2])).save_to_disk(tmp_path / "both")
    assert len(read(f"{tmp_path}/both")) == 2
    assert read(f"{tmp_path}/both:test").targets.tolist() == [1]
    with pytest.raises(InputError, match="has no split 'val', only train, test"):
        read(f"{tmp_path}/both:val")


def test_a_data_set_without_splits_has_none(saved):
    with pytest.raises(InputError, match="is not divided into splits; it has no 'test'"):
        read(f"{saved}:test")


def test_parquet_as_the_library_writes_it_keeps_the_names_of_classes(made, tmp_path):
    made.select(range(4)).to_parquet(str(tmp_path / "anything.parquet"))
    assert read(str(tmp_path)).classes == ("gull", "kite")


def test_an_arrow_file_cut_anywhere_is_read_or_refused_but_never_crashes(saved):
    path = saved / "data-00000-of-00002.arrow"
    whole, refused = path.read_bytes(), 0
    for length in range(0, len(whole), 97):
        path.write_bytes(whole[:length])
        try:
            taken(str(saved), reading=Reading(care=Care("skip", "skip")))
        except InputError:
            refused += 1
    assert refused > 5


@pytest.mark.parametrize(
    ("state", "problem"),
    [
        ({"_data_files": [{"filename": "../other.arrow"}]}, "is not the name of a file beside it"),
        ({"_data_files": 3}, "does not list the data files"),
        ({}, "does not list the data files"),
        ([], "holds a list, wanted an object"),
        ({"_data_files": [{"filename": "gone.arrow"}]}, "cannot be read as an Arrow stream: .*No such file"),
        ({"_data_files": []}, "has no Arrow file"),
    ],
)
def test_a_state_that_lies_is_refused(saved, state, problem):
    (saved / "state.json").write_text(json.dumps(state))
    with pytest.raises(InputError, match=problem):
        read(str(saved))
