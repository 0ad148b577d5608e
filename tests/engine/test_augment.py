"""Augmented images are the images, mirrored, shifted or blanked in part, and nothing else."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from onward.engine.augment import AUGMENTATIONS, augmented, crop, cutout, flip
from onward.errors import InputError
from onward.rng import generator


def pixels(b: int, h: int, w: int, channels: int = 2) -> torch.Tensor:
    """Images of which every pixel is another number, none of them 0."""
    return torch.arange(1.0, b * channels * h * w + 1).view(b, channels, h, w)


@given(st.integers(0, 10**6))
def test_flipping_twice_with_the_same_draws_gives_the_image_back(seed):
    images = pixels(5, 2, 3)
    once = flip(images, generator(seed))
    assert torch.equal(flip(once, generator(seed)), images)
    for image, flipped in zip(images, once, strict=True):
        assert torch.equal(flipped, image) or torch.equal(flipped, image.flip(-1))


def test_half_of_the_images_are_flipped():
    flipped = (flip(pixels(1000, 1, 2), generator(0)) != pixels(1000, 1, 2)).flatten(1).any(dim=1)
    assert abs(int(flipped.sum()) - 500) < 4 * 16  # four standard deviations of a fair coin, √(1000 / 4) ≈ 16


@given(st.sampled_from([(8, 8), (8, 17), (16, 9), (24, 8)]), st.integers(0, 10**6))
def test_a_crop_is_a_window_of_the_image_in_its_own_reflection(size, seed):
    h, w = size
    up, left = h // 8, w // 8
    images = pixels(3, h, w)
    padded = F.pad(images, (left, left, up, up), mode="reflect")
    for image, cropped in zip(padded, crop(images, generator(seed)), strict=True):
        windows = [image[:, i : i + h, j : j + w] for i in range(2 * up + 1) for j in range(2 * left + 1)]
        assert sum(torch.equal(window, cropped) for window in windows) == 1


def test_every_shift_comes_and_no_shift_is_the_image():
    images = pixels(1, 8, 8).expand(500, -1, -1, -1)
    cropped = crop(images, generator(0))
    assert len(torch.unique(cropped, dim=0)) == 9  # -1, 0 or 1 along each side
    assert bool((cropped == images).flatten(1).all(dim=1).any())


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (7, 5)])
def test_a_side_of_less_than_eight_is_not_shifted(size):
    images = pixels(20, *size)
    assert torch.equal(crop(images, generator(0)), images)


@given(st.integers(1, 17), st.integers(1, 17), st.integers(0, 10**6))
def test_cutout_blanks_one_rectangle_of_at_most_a_quarter_of_each_side(h, w, seed):
    images = pixels(4, h, w)
    blanked = cutout(images, generator(seed))
    for image, left in zip(images, blanked, strict=True):
        gone = (left == 0).any(dim=0)
        assert torch.equal(left, image * ~gone), "all channels or none, and nothing else changes"
        rows, columns = gone.any(dim=1), gone.any(dim=0)
        assert torch.equal(gone, rows[:, None] & columns)
        for side, length in ((rows, h), (columns, w)):
            places = side.nonzero()[:, 0]
            assert 1 <= len(places) <= max(1, length // 4)
            assert int(places[-1] - places[0]) == len(places) - 1


def test_cutout_reaches_every_pixel():
    blanked = cutout(torch.ones(2000, 1, 8, 8), generator(0))
    assert bool((blanked == 0).any(dim=0).all())


@pytest.mark.parametrize("name", list(AUGMENTATIONS))
def test_augmenting_is_repeatable_keeps_the_type_and_leaves_the_images(name):
    images = torch.randint(1, 256, (64, 3, 9, 8), generator=generator(0), dtype=torch.uint8)
    before = images.clone()
    first, again, other = (augmented(images, [name], generator(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, again) and not torch.equal(first, other)
    assert first.dtype == torch.uint8 and first.shape == images.shape
    assert torch.equal(images, before) and not torch.equal(first, before)
    assert torch.equal(augmented(images.float(), [name], generator(1)), first.float())


def test_several_are_done_in_order_from_one_stream():
    images, draws = pixels(30, 8, 8), generator(3)
    by_hand = cutout(crop(flip(images, draws), draws), draws)
    assert torch.equal(augmented(images, ["flip", "crop", "cutout"], generator(3)), by_hand)
    assert not torch.equal(augmented(images, ["cutout", "crop", "flip"], generator(3)), by_hand)
    assert augmented(images, [], generator(3)) is images


def test_what_is_not_an_image_is_refused():
    with pytest.raises(InputError, match=r"augment = \['flip'\] works on images .*, these inputs are \(7,\)"):
        augmented(torch.zeros(2, 7), ["flip"], generator(0))
    vectors = torch.zeros(2, 7)
    assert augmented(vectors, [], generator(0)) is vectors
