from pathlib import Path

import numpy as np
import pytest
import torch
from tests.datasets import written

from onward.datasets.images.encoded import Encoded, Pictures
from onward.datasets.labels import Labels
from onward.datasets.raw import Raw
from onward.datasets.reading import Care, Reading
from onward.errors import InputError
from onward.transform import ImageTransform, TextTransform
from onward.types import Examples, subset

SIZES = [(9, 7), (5, 12), (8, 8), (20, 3), (8, 8), (6, 6)]
SMALL = ImageTransform((6, 5))


@pytest.fixture
def raw(tmp_path):
    """Six images of five sizes, grey and coloured, as png, jpeg and webp."""
    files = []
    for k, size in enumerate(SIZES):
        suffix = ("png", "jpeg", "webp")[k % 3]
        path = tmp_path / f"{k}.{suffix}"
        path.write_bytes(written.encoded(written.drawn(1, *size, *[3] * (k % 2), seed=k)[0], suffix))
        files.append(str(path))
    return Raw(Pictures(files, tmp_path), Labels(np.array([0, 1, 0, 1, 0, 1])), tmp_path)


def cut(raw, row):
    """Cut the last tenth off a file: its head is whole."""
    with Path(raw.inputs.files[row]).open("r+b") as file:
        file.truncate(int(file.seek(0, 2) * 0.9))


@pytest.mark.parametrize("fit", ["squash", "crop"])
@pytest.mark.parametrize("channels", [1, 3])
def test_decoding_for_each_batch_and_decoding_once_give_the_same_bits(raw, fit, channels):
    transform = ImageTransform((6, 5), fit, resample="bicubic", channels=channels)
    held = raw.taken(Reading(transform)).data
    lazy = raw.taken(Reading(transform, memory=6 * channels * 30 - 1)).data
    assert isinstance(held, Examples) and isinstance(lazy, Encoded)
    assert held.inputs.shape == (6, channels, 6, 5) and held.inputs.dtype == torch.uint8
    rows = torch.tensor([5, 0, 0, 3])
    assert torch.equal(lazy.take(rows).inputs, held.inputs[rows])
    assert torch.equal(lazy.take(rows).targets, held.targets[rows])
    assert torch.equal(subset(lazy, rows).take(torch.tensor([1, 3])).inputs, held.inputs[[0, 3]])
    assert lazy.take(rows[:0]).inputs.shape == (0, channels, 6, 5)


@pytest.mark.parametrize("memory", [0, 2**30])
def test_images_that_cannot_be_decoded_are_found_before_training(raw, memory):
    cut(raw, 1)
    cut(raw, 4)
    with pytest.raises(InputError, match=r"2 of 6 images in .* cannot be used: 1\.jpeg \(.*truncated.*--corrupt skip"):
        raw.taken(Reading(SMALL, memory=memory))
    left = raw.taken(Reading(SMALL, Care(corrupt="skip"), memory=memory))
    assert left.corrupt == ("1.jpeg", "4.jpeg")
    assert left.data.targets.tolist() == [0, 0, 1, 1] and len(left.data) == 4
    last = raw.inputs.data(np.array([5]), torch.tensor([1]), ("0", "1"), Reading(SMALL), None)[0]
    assert torch.equal(left.data.take(torch.tensor([3])).inputs, last.inputs)


def test_a_file_that_changes_after_it_was_looked_at_is_named(raw):
    lazy = raw.taken(Reading(SMALL, memory=0)).data
    cut(raw, 4)
    with pytest.raises(InputError, match=r"have changed since they were looked through: 4\.jpeg"):
        lazy.take(torch.tensor([0, 4]))


def test_sizes_that_differ_are_refused_without_a_size_and_resized_with_one(raw):
    with pytest.raises(InputError, match=r"have 5 sizes: 8x8 \(2, such as 2\.webp\).*@size=64"):
        raw.taken(Reading())
    assert raw.taken(Reading(), size=(4, 3)).data.inputs.shape == (6, 3, 4, 3)
    cropped = Reading(ImageTransform((8, 8), "crop", channels=1))
    squashed = Reading(ImageTransform((4, 3), channels=1))
    assert torch.equal(raw.taken(cropped, size=(4, 3)).data.inputs, raw.taken(squashed).data.inputs)


def test_a_size_without_a_model_keeps_grey_images_grey(tmp_path):
    files = [written.encoded(image) for image in written.drawn(2, 4, 4)]
    raw = Raw(Pictures(files, tmp_path), Labels(np.array([0, 1])), tmp_path)
    assert raw.taken(Reading(), size=(2, 2)).data.inputs.shape == (2, 1, 2, 2)


def test_images_are_refused_by_a_model_that_takes_text(raw):
    with pytest.raises(InputError, match="the model takes text, but"):
        raw.taken(Reading(TextTransform("{}", 8)))


def test_images_of_which_none_can_be_used_are_refused_all_the_same(tmp_path):
    raw = Raw(Pictures([b"no", None], tmp_path), Labels(np.array([0, 1])), tmp_path)
    with pytest.raises(InputError, match="2 of 2 images"):
        raw.taken(Reading())
    with pytest.raises(InputError, match="holds no examples that can be used"):
        raw.taken(Reading(care=Care(corrupt="skip")))
