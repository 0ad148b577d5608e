"""Data that a prediction is wanted of: whatever form it lies in, it needs no class."""

from __future__ import annotations

import datasets
import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
import torch
from PIL import Image
from tests.datasets import written

from onward.datasets.arrays import npz
from onward.datasets.reading import Care, Reading
from onward.datasets.source import read, taken
from onward.errors import InputError

IMAGES = written.drawn(4, 4, 6, 3)
WHOLE = torch.tensor(IMAGES).permute(0, 3, 1, 2)
ASKED = Reading(labels=False)


def nameless(data) -> bool:
    """Whether all examples have the class "" and there is no other."""
    return data.classes == ("",) and data.targets.tolist() == [0] * len(data)


@pytest.mark.parametrize("key", ["x", "inputs", "images", "data"])
def test_an_archive_of_inputs_alone(tmp_path, key):
    path = tmp_path / "monday.npz"
    np.savez(path, **{key: IMAGES[..., 0], f"{key}_test": IMAGES[:1, ..., 0]})
    data = read(str(path), reading=ASKED)
    assert torch.equal(data.inputs, WHOLE[:, :1]) and nameless(data)
    assert len(read(f"{path}:test", reading=ASKED)) == 1
    with pytest.raises(InputError, match="wanted the keys x and y"):
        read(str(path))
    with pytest.raises(InputError, match=r"wanted the keys x_val, inputs_val, images_val, data_val$"):
        read(f"{path}:val", reading=ASKED)


def test_targets_that_are_there_are_read_all_the_same(tmp_path):
    path = tmp_path / "monday.npz"
    np.savez(path, data=IMAGES[:1], x_train=IMAGES, y_train=np.array(["a", "b", "a", "b"]))
    assert read(f"{path}@classes=b", reading=ASKED).targets.tolist() == [1, 1]
    assert [each for each, _ in npz.ALONE] == ["x", "inputs", "images", "data"]


def test_an_array_in_a_file_of_its_own(tmp_path):
    np.save(tmp_path / "x.npy", IMAGES)
    assert nameless(read(str(tmp_path), reading=ASKED))
    with pytest.raises(InputError, match="holds no images"):
        read(str(tmp_path))


def test_a_flat_folder_of_images_and_each_image_by_itself(tmp_path):
    written.image_folder(tmp_path, {f"{name}.png": image for name, image in zip("dbca", IMAGES, strict=True)})
    came = taken(str(tmp_path), reading=ASKED)
    assert torch.equal(came.data.inputs, WHOLE[[3, 1, 2, 0]]) and nameless(came.data)
    assert list(came.files) == [str(tmp_path / f"{name}.png") for name in "abcd"]
    one = taken(str(tmp_path / "c.png"), reading=ASKED)
    assert torch.equal(one.data.inputs, WHOLE[[2]]) and list(one.files) == [str(tmp_path / "c.png")]
    with pytest.raises(InputError, match=r"1 of 1 image in .*c\.png has no class: c\.png \(in no folder of a class\)"):
        read(str(tmp_path / "c.png"))
    with pytest.raises(InputError, match="is an image, which has no splits; got 'test'"):
        read(f"{tmp_path}/c.png:test", reading=ASKED)


def test_images_beside_folders_of_classes_come_last_under_no_name(tmp_path):
    written.image_folder(tmp_path, {"kite/a.png": IMAGES[0], "gull/b.png": IMAGES[1], "loose.png": IMAGES[2]})
    data = read(str(tmp_path), reading=ASKED)
    assert data.classes == ("gull", "kite", "") and data.targets.tolist() == [0, 1, 2]
    assert torch.equal(data.inputs, WHOLE[[1, 0, 2]])


def test_images_that_a_table_does_not_list_come_after_those_that_it_lists(tmp_path):
    written.image_folder(tmp_path, {f"{name}.png": image for name, image in zip("abcd", IMAGES, strict=True)})
    (tmp_path / "list.csv").write_text("file\nc.png\na.png\n")
    came = taken(str(tmp_path), reading=ASKED)
    assert [file[-5:] for file in came.files] == ["c.png", "a.png", "b.png", "d.png"] and nameless(came.data)
    assert torch.equal(came.data.inputs, WHOLE[[2, 0, 1, 3]])
    assert len(read(f"{tmp_path}/list.csv", reading=ASKED)) == 2


def test_a_table_of_numbers(tmp_path):
    path = tmp_path / "monday.csv"
    path.write_text("a,b\n1,2\n3,4\n")
    data = read(str(path), reading=ASKED)
    assert data.inputs.tolist() == [[1, 2], [3, 4]] and nameless(data)
    with pytest.raises(InputError, match="but none of label"):
        read(str(path))


def test_a_column_that_the_model_takes_is_not_taken_for_the_class(tmp_path):
    """It was trained on x and y, beside a column called label."""
    path = tmp_path / "monday.csv"
    path.write_text("y,x\n1,2\n3,4\n")
    data = read(str(path), reading=Reading(labels=False, columns=("x", "y")))
    assert data.inputs.tolist() == [[2, 1], [4, 3]] and nameless(data)
    assert read(f"{path}@columns=x,y", reading=ASKED).inputs.tolist() == [[2, 1], [4, 3]]


def test_images_in_parquet_and_in_a_hugging_face_folder(tmp_path):
    files = [written.encoded(image) for image in IMAGES]
    pyarrow.parquet.write_table(pyarrow.table({"image": files}), tmp_path / "test.parquet")
    data = read(str(tmp_path / "test.parquet"), reading=ASKED)
    assert torch.equal(data.inputs, WHOLE) and nameless(data)
    datasets.disable_progress_bars()
    held = {"image": [Image.fromarray(image) for image in IMAGES]}
    features = datasets.Features({"image": datasets.Image()})
    datasets.Dataset.from_dict(held, features=features).save_to_disk(tmp_path / "saved")
    data = read(str(tmp_path / "saved"), reading=ASKED)
    assert torch.equal(data.inputs, WHOLE) and nameless(data)


def test_some_without_a_class_have_no_name_and_the_others_theirs(tmp_path):
    path = tmp_path / "monday.csv"
    path.write_text("a,label\n1,kite\n2,\n3,gull\n")
    data = read(str(path), reading=ASKED)
    assert data.classes == ("gull", "kite", "") and data.targets.tolist() == [1, 2, 0]


def test_each_example_is_known_by_where_it_lies_whatever_was_left_out_and_chosen(tmp_path):
    written.image_folder(tmp_path, {f"{name}.png": image for name, image in zip("abcd", IMAGES, strict=True)})
    (tmp_path / "b.png").write_bytes(b"not a png")
    came = taken(f"{tmp_path}@rows=::-1", reading=Reading(care=Care(corrupt="skip"), labels=False))
    assert came.corrupt == ("b.png",) and came.rows.tolist() == [3, 2, 0]
    assert [file[-5:] for file in came.files] == ["d.png", "c.png", "a.png"]
    assert taken("digits@rows=7:9").rows.tolist() == [7, 8]
