"""What is wrong with data, labels, test sets and names gets the message that the manual gives, and the way out."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.cli.terminal import done, refused
from tests.nets import hub_folders

UPDATE = "update prod --data"

# What is typed, and telling parts of what is said.
MESSAGES = [
    # Corrupt images.
    (
        f"{UPDATE} ./broken",
        "2 of 12 images in broken cannot be used: cat/1.png (cannot be read as an image: ",
        "Mend them, or leave them out",
        "--corrupt skip",
    ),
    (f"{UPDATE} ./films", "1 of 11 images in films cannot be used: cat/film.gif (", "it has 3 frames"),
    (f"{UPDATE} ./deep", "1 of 11 images in deep cannot be used: cat/deep.png (has mode I;16, but only 8-bit grey"),
    (f"{UPDATE} ./linked", "1 of 11 images in linked cannot be used: cat/away.png (", "No such file or directory"),
    # Wrong labels.
    (
        f"{UPDATE} ./wolves.csv@names=names.txt",
        "the labels name classes that the class names lack: wolf. unknown class 'wolf'. There are: cat, dog",
    ),
    (f"{UPDATE} ids.npz@names=names.txt", "4 of 12 targets are out of range: 2; with 2 class names"),
    (
        f"{UPDATE} ids.npz",
        "the data names its classes by numbers (0, 1, 2), the model by words (cat, dog): as they stand, all 3 would",
        "Give the data the model's names: @names=FILE after the source, with one name a line.",
        "If they are really new, say --new-classes.",
    ),
    (f"{UPDATE} ./bare.csv", "4 of 12 images in bare.csv have no class: ", "--unlabeled skip"),
    (f"{UPDATE} ./latin.csv", "the column 'label' is no UTF-8 text; save the file as UTF-8"),
    (f"{UPDATE} ./excel.csv", "it is UTF-16; save the file as UTF-8"),
    (f"{UPDATE} ./semicolons", "semicolons/labels.csv has the columns path;label, but none of label, labels,"),
    (f"{UPDATE} ./twice", "twice/labels.csv has columns of the same name: label"),
    (f"{UPDATE} ./flat@path=pfad", "flat/labels.csv: unknown column 'pfad'. Did you mean 'path'?"),
    # An overlapping test set.
    (
        f"{UPDATE} ./some --overlap refuse",
        "4 of 12 new examples (rows 0, 1, 2, 3) are in a test set as well: ./tests (4).",
        "leave them out of training: --overlap drop, or train on them: --overlap keep",
    ),
    (
        f"{UPDATE} ./tests",
        "all 8 new examples are in the test set ./tests; nothing is left to train on.",
        "Give other data, or train on them: --overlap keep",
    ),
    # A conflicting class map.
    (
        f"{UPDATE} ./respelt",
        "the data has 'Cat' where the model knows 'cat': as they stand, 1 new class would come of it.",
        "onward merge REFERENCE Cat cat",
    ),
    (
        "init other --model hf:animals --classes cat,owl,dog",
        "--classes says cat, owl, dog, but hf:animals itself names its outputs cat, dog, owl; they differ first at "
        "output 1. Leave out --classes, or mend id2label in its config.json",
    ),
    ("rename prod cat dog", "'dog' is a class already (id 1), so 'cat' (id 0) cannot be called that"),
    ("merge prod cat wolf", "unknown class 'wolf'"),
]


def drawn(count: int, seed: int) -> list[Image.Image]:
    """Images of noise, each another."""
    noise = np.random.default_rng(seed).integers(0, 256, (count, 8, 8, 3), dtype=np.uint8)
    return [Image.fromarray(array) for array in noise]


def in_folders(folder: str, images: list[Image.Image], names: tuple[str, ...] = ("cat", "dog")) -> Path:
    """Write as many images of each class."""
    share = len(images) // len(names)
    for k, name in enumerate(names):
        (Path(folder) / name).mkdir(parents=True)
        for row, image in enumerate(images[k * share : (k + 1) * share]):
            image.save(f"{folder}/{name}/{row}.png")
    return Path(folder)


def in_table(folder: str, text: str) -> None:
    """Write twelve images flat in a folder, and a table beside them."""
    Path(folder).mkdir()
    for row, image in enumerate(drawn(12, seed=4)):
        image.save(f"{folder}/{row}.png")
    (Path(folder) / "labels.csv").write_text(text)


@pytest.fixture(scope="module")
def mistaken(desk) -> Path:
    """A model that knows cats and dogs, and everything that a user may get wrong."""
    tests, fresh = drawn(8, seed=1), drawn(12, seed=2)
    in_folders("tests", tests)
    in_folders("first", drawn(12, seed=3))
    done("init prod --model 'mlp(width=8, depth=1)' --size 8 --test ./tests")
    done(f"{UPDATE} ./first --epochs 1")
    broken = in_folders("broken", fresh)
    (broken / "cat/1.png").write_bytes((broken / "cat/1.png").read_bytes()[:100])
    (broken / "dog/0.png").write_bytes(b"no picture")
    first, *others = fresh[:3]
    first.save(in_folders("films", fresh[1:]) / "cat/film.gif", save_all=True, append_images=others)
    Image.fromarray(np.zeros((8, 8), np.uint16)).save(in_folders("deep", fresh[1:]) / "cat/deep.png")
    (in_folders("linked", fresh[1:]) / "cat/away.png").symlink_to("nowhere.png")
    in_folders("some", [*tests[:4], *fresh[:8]])
    in_folders("respelt", fresh, ("Cat", "dog"))
    lines = "".join(f"flat/{row}.png,{('cat', 'dog', 'wolf')[row % 3]}\n" for row in range(12))
    in_table("flat", "path,label\n" + lines.replace("flat/", ""))
    in_table("semicolons", "path;label\n0.png;cat\n")
    in_table("twice", "path,label,label\n0.png,cat,dog\n")
    Path("wolves.csv").write_text("path,label\n" + lines)
    Path("bare.csv").write_text("path,label\n" + lines.replace("wolf", ""))
    Path("latin.csv").write_bytes(("path,label\n" + lines.replace("wolf", "bär")).encode("latin-1"))
    Path("excel.csv").write_bytes(("path,label\n" + lines).encode("utf-16"))
    Path("names.txt").write_bytes(b"\xef\xbb\xbfcat\r\ndog\r\n")
    np.savez("ids.npz", x=np.stack([np.asarray(image) for image in fresh]), y=np.arange(12) % 3)
    hub_folders.vit(Path("animals"))
    return desk


@pytest.mark.usefixtures("mistaken")
@pytest.mark.parametrize(("command", "said"), [(command, said) for command, *said in MESSAGES])
def test_the_message_says_what_is_wrong_and_what_to_do(command, said):
    told = refused(command)
    assert [part for part in said if part not in told] == [], told


@pytest.mark.usefixtures("mistaken")
def test_what_is_in_a_test_set_as_well_is_left_out_and_told_by_default():
    told = done(f"{UPDATE} ./some --steps 0")
    assert told.fact("preflight").startswith("8 new examples") and "4 examples also in ./tests" in told.out
    kept = done(f"{UPDATE} ./some --overlap keep --steps 0")
    assert kept.fact("preflight").startswith("12 new examples") and "4 examples also in ./tests" in kept.out


@pytest.mark.usefixtures("mistaken")
def test_a_large_image_is_read_and_a_gigantic_one_is_refused(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 64)  # as many as each has; of more, Pillow would only warn
    assert done(f"{UPDATE} ./flat --steps 0").fact("preflight").startswith("12 new examples")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 63)
    assert (
        "12 of 12 images in flat" in (said := refused(f"{UPDATE} ./flat")) and "8 x 8 pixels are more than 63" in said
    )


@pytest.mark.usefixtures("mistaken")
def test_the_ways_out_of_a_conflict_are_ways_out(tmp_path):
    lineage = shutil.copytree(".onward", tmp_path / "lineage")
    there = f"--lineage {lineage}"
    done(f"merge prod Cat cat {there}")
    assert "no new class" in done(f"{UPDATE} ./respelt --steps 0 {there}").fact("preflight")
    assert "1 new class (wolf)" in done(f"{UPDATE} ./flat --steps 0").fact("preflight")
    assert "1 new class (Cat)" in done(f"{UPDATE} ./respelt --new-classes --steps 0").fact("preflight")
