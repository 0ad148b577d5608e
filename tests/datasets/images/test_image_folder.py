import pytest
import torch
from tests.datasets import written

from onward.datasets.images import image_folder
from onward.datasets.options import Options
from onward.datasets.reading import Care, Reading
from onward.datasets.source import read as read_source
from onward.datasets.source import taken
from onward.errors import InputError


def read(folder, split=None, **reading):
    """Return the examples in a folder."""
    return image_folder.read(folder, split).taken(Reading(**reading)).data


IMAGES = written.drawn(4, 4, 6, 3)
FILES = {"gull/b.png": IMAGES[1], "gull/a.webp": IMAGES[0], "kite/c.PNG": IMAGES[2], "kite/d.png": IMAGES[3]}


def test_classes_and_images_come_in_the_order_of_their_names(tmp_path):
    written.image_folder(tmp_path, FILES)
    (tmp_path / "kite" / "notes.txt").write_text("not an image")
    (tmp_path / ".hidden").mkdir()
    part = read(tmp_path)
    assert torch.equal(part.inputs, torch.tensor(IMAGES).permute(0, 3, 1, 2))
    assert part.targets.tolist() == [0, 0, 1, 1] and part.classes == ("gull", "kite")


def test_a_class_without_images_keeps_its_name(tmp_path):
    written.image_folder(tmp_path, FILES)
    (tmp_path / "heron").mkdir()
    part = read(tmp_path)
    assert part.targets.tolist() == [0, 0, 2, 2] and part.classes == ("gull", "heron", "kite")


def test_folders_of_splits_are_told_from_folders_of_classes(tmp_path):
    written.image_folder(tmp_path / "train", FILES)
    written.image_folder(tmp_path / "test", {"kite/d.png": IMAGES[3]})
    assert len(read(tmp_path).targets) == 4
    assert len(read(tmp_path, "test").targets) == 1
    with pytest.raises(InputError, match="has no sub-folder 'val'; it has: test, train"):
        read(tmp_path, "val")


def test_a_class_may_be_called_train(tmp_path):
    written.image_folder(tmp_path, {"train/a.png": IMAGES[0], "car/b.png": IMAGES[1]})
    assert read(tmp_path).classes == ("car", "train")


def test_a_folder_without_images_is_refused(tmp_path):
    (tmp_path / "kite").mkdir()
    (tmp_path / "loose.png").write_bytes(written.encoded(IMAGES[0]))
    with pytest.raises(InputError, match="holds no images in folders of classes; wanted one folder a class"):
        read(tmp_path)


def test_unreadable_images_are_named_with_their_class(tmp_path):
    written.image_folder(tmp_path, FILES)
    (tmp_path / "gull" / "b.png").write_bytes(b"not a png")
    with pytest.raises(InputError, match=r"1 of 4 images in .* cannot be used: gull/b\.png"):
        read(tmp_path)


def test_images_of_other_sizes_are_named_with_their_class(tmp_path):
    written.image_folder(tmp_path, FILES | {"kite/e.png": IMAGES[0, :2]})
    with pytest.raises(InputError, match=r"6x4 \(4, such as gull/a\.webp\), 6x2 \(1, such as kite/e\.png\)"):
        read(tmp_path)


def test_images_beside_the_folders_of_classes_have_no_class(tmp_path):
    written.image_folder(tmp_path, FILES | {"loose.png": IMAGES[0]})
    with pytest.raises(
        InputError, match=r"1 of 5 images .* has no class: loose\.png \(in no folder of a class\).*skip"
    ):
        read(tmp_path)
    left = image_folder.read(tmp_path).taken(Reading(care=Care(unlabeled="skip")))
    assert left.unlabeled == ("loose.png",) and len(left.data) == 4


def test_folders_called_by_numbers_take_their_names_from_a_file(tmp_path):
    written.image_folder(tmp_path / "photos", {"1/a.png": IMAGES[0], "0/b.png": IMAGES[1]})
    (tmp_path / "names.txt").write_text("gull\nkite\n")
    held = read_source(f"{tmp_path}/photos@names={tmp_path}/names.txt")
    assert held.classes == ("gull", "kite") and held.targets.tolist() == [0, 1]


@pytest.fixture
def flat(tmp_path):
    """A folder of images with a table that lists two of them, one that is not there, and one without its class."""
    written.image_folder(tmp_path, {f"{name}.png": image for name, image in zip("abcd", IMAGES, strict=True)})
    (tmp_path / "list.csv").write_text("file,label\nb.png,kite\na.png,gull\ngone.png,gull\nd.png,\n")
    (tmp_path / "notes.csv").write_text("when,what\n1,2\n")
    return tmp_path


def test_a_table_beside_images_tells_their_classes_and_which_have_none(flat):
    with pytest.raises(InputError, match=r"2 of 5 images .* have no class: d\.png, c\.png \(not in list\.csv\)"):
        taken(str(flat))
    with pytest.raises(InputError, match=r"1 of 5 images .* cannot be used: gone\.png \(.*No such file"):
        taken(str(flat), reading=Reading(care=Care(unlabeled="skip")))
    left = taken(str(flat), reading=Reading(care=Care("skip", "skip")))
    assert left.unlabeled == ("d.png", "c.png") and left.corrupt == ("gone.png",)
    assert torch.equal(left.data.inputs, torch.tensor(IMAGES[[1, 0]]).permute(0, 3, 1, 2))
    assert left.data.classes == ("gull", "kite") and left.data.targets.tolist() == [1, 0]


def test_several_tables_of_images_are_refused_by_name(flat):
    (flat / "other.csv").write_text("file,label\nb.png,kite\n")
    with pytest.raises(InputError, match=r"several tables of images: list\.csv, other\.csv"):
        image_folder.table_in(flat, Options())


def test_images_in_folders_within_those_of_classes_are_counted_as_without_a_class(tmp_path):
    names = ("gull/a.png", "kite/b.png", "kite/more/c.png", "loose.png")
    written.image_folder(tmp_path, dict(zip(names, IMAGES, strict=True)))
    with pytest.raises(InputError, match="2 of 4 images") as refused:
        taken(str(tmp_path))
    assert "loose.png" in str(refused.value) and "kite/more/c.png" in str(refused.value)
    found = taken(str(tmp_path), reading=Reading(care=Care(unlabeled="skip")))
    assert len(found.data) == 2 and set(found.unlabeled) == {"loose.png", "kite/more/c.png"}
