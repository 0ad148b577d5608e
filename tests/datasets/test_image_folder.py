import pytest
import torch
from tests.datasets import written

from onward.datasets import image_folder
from onward.errors import InputError

IMAGES = written.drawn(4, 4, 6, 3)
FILES = {"gull/b.png": IMAGES[1], "gull/a.webp": IMAGES[0], "kite/c.PNG": IMAGES[2], "kite/d.png": IMAGES[3]}


def test_classes_and_images_come_in_the_order_of_their_names(tmp_path):
    written.image_folder(tmp_path, FILES)
    (tmp_path / "kite" / "notes.txt").write_text("not an image")
    (tmp_path / ".hidden").mkdir()
    part = image_folder.read(tmp_path)
    assert torch.equal(part.inputs, torch.tensor(IMAGES).permute(0, 3, 1, 2))
    assert part.targets.tolist() == [0, 0, 1, 1] and part.classes == ("gull", "kite")


def test_a_class_without_images_keeps_its_name(tmp_path):
    written.image_folder(tmp_path, FILES)
    (tmp_path / "heron").mkdir()
    part = image_folder.read(tmp_path)
    assert part.targets.tolist() == [0, 0, 2, 2] and part.classes == ("gull", "heron", "kite")


def test_folders_of_splits_are_told_from_folders_of_classes(tmp_path):
    written.image_folder(tmp_path / "train", FILES)
    written.image_folder(tmp_path / "test", {"kite/d.png": IMAGES[3]})
    assert len(image_folder.read(tmp_path).targets) == 4
    assert len(image_folder.read(tmp_path, "test").targets) == 1
    with pytest.raises(InputError, match="has no sub-folder 'val'; it has: test, train"):
        image_folder.read(tmp_path, "val")


def test_a_class_may_be_called_train(tmp_path):
    written.image_folder(tmp_path, {"train/a.png": IMAGES[0], "car/b.png": IMAGES[1]})
    assert image_folder.read(tmp_path).classes == ("car", "train")


def test_a_folder_without_images_is_refused(tmp_path):
    (tmp_path / "kite").mkdir()
    (tmp_path / "loose.png").write_bytes(written.encoded(IMAGES[0]))
    with pytest.raises(InputError, match="holds no images; wanted one folder a class"):
        image_folder.read(tmp_path)


def test_unreadable_images_are_named_with_their_class(tmp_path):
    written.image_folder(tmp_path, FILES)
    (tmp_path / "gull" / "b.png").write_bytes(b"not a png")
    with pytest.raises(InputError, match=r"1 of 4 images in .* cannot be used: gull/b\.png"):
        image_folder.read(tmp_path)


def test_images_of_other_sizes_are_named_with_their_class(tmp_path):
    written.image_folder(tmp_path, FILES | {"kite/e.png": IMAGES[0, :2]})
    with pytest.raises(InputError, match=r"6x4 \(4, such as gull/a\.webp\), 6x2 \(1, such as kite/e\.png\)"):
        image_folder.read(tmp_path)
