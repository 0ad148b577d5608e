import json

import pytest
import torch
from tests.datasets import written

from onward.datasets.published import sheets
from onward.datasets.reading import Reading
from onward.errors import InputError

NAMES = ["bird", "cat", "deer"]
IMAGES, LABELS = written.drawn(11, 4, 5, 3), written.counted(11, 3)


@pytest.fixture
def folder(tmp_path):
    written.sheets(tmp_path / "sheets", IMAGES, LABELS, NAMES)
    return tmp_path / "sheets"


def changed(folder, change):
    path = folder / "meta.json"
    meta = json.loads(path.read_text())
    change(meta)
    path.write_text(json.dumps(meta))


def test_sheets_read_back_class_after_class(folder):
    part = sheets.read(folder, "train")
    order = sorted(range(11), key=lambda row: LABELS[row])  # stable: within a class as written
    assert torch.equal(part.inputs, torch.tensor(IMAGES[order]).permute(0, 3, 1, 2))
    assert part.targets.tolist() == sorted(LABELS.tolist())
    assert part.classes == ("bird", "cat", "deer")


def test_a_split_without_sheets_is_not_held(folder):
    assert sheets.holds(folder, "train") and not sheets.holds(folder, "test")


def test_a_sheet_smaller_than_announced_is_refused(folder):
    changed(folder, lambda meta: meta["files"]["train_01_cat.webp"].update(count=7))
    with pytest.raises(InputError, match=r"train_01_cat\.webp is 10x8 pixels, but its 7 images need 10x16"):
        sheets.read(folder, "train")


def test_a_missing_or_broken_sheet_is_refused_by_name(folder):
    path = folder / "train_02_deer.webp"
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(InputError, match=r"train_02_deer\.webp cannot be read as an image"):
        sheets.read(folder, "train")
    path.unlink()
    with pytest.raises(InputError, match=r"train_02_deer\.webp cannot be read as an image"):
        sheets.read(folder, "train")


@pytest.mark.parametrize(
    "change",
    [
        lambda meta: meta.pop("classes"),
        lambda meta: meta.update(tile=[0, 5]),
        lambda meta: meta.update(tile=[2**40, 5]),
        lambda meta: meta.update(files=["a.webp"]),
        lambda meta: meta["files"]["train_01_cat.webp"].update(count="5"),
        lambda meta: meta["files"]["train_01_cat.webp"].update(columns=0),
        lambda meta: meta["files"]["train_01_cat.webp"].update(label=-1),
        lambda meta: meta["files"].update({"../cat.webp": meta["files"]["train_01_cat.webp"]}),
    ],
)
def test_a_meta_file_that_does_not_describe_sheets_is_refused(folder, change):
    changed(folder, change)
    with pytest.raises(InputError, match="does not describe contact sheets"):
        sheets.read(folder, "train")


@pytest.mark.parametrize("held", [b"", b"[]", b"{", b"\xff", b"[" * 100_000])
def test_a_meta_file_that_is_no_json_object_is_refused(folder, held):
    (folder / "meta.json").write_bytes(held)
    with pytest.raises(InputError, match="does not describe contact sheets"):
        sheets.holds(folder, "train")


def test_a_label_without_a_name_is_counted(folder):
    changed(folder, lambda meta: meta.update(classes=["bird", "cat"]))
    with pytest.raises(InputError, match="3 of 11 targets are out of range: 2"):
        sheets.read(folder, "train").raw().taken(Reading())
