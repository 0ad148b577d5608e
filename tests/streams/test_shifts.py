"""Shifts, against exact turns, sorted pixels and arithmetic done by hand."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from onward.errors import InputError
from onward.rng import generator
from onward.streams.shifts import (
    Brightening,
    Inversion,
    Permutation,
    Rotation,
    Shifted,
    Unshifted,
    permuted,
    rotated,
    shift_named,
    shifted,
)
from onward.types import Examples, View, in_order

SHIFTS = [Rotation(33.0), Permutation(1, 0), Inversion(), Brightening(), Unshifted()]


def images(n=3, channels=2, height=6, width=6, seed=0):
    return torch.randint(256, (n, channels, height, width), generator=generator(seed), dtype=torch.uint8)


@pytest.mark.parametrize("size", [5, 6, 28])
@pytest.mark.parametrize("quarters", [-1, 0, 1, 2, 3, 4])
def test_quarter_turns_are_exact_in_uint8(quarters, size):
    pixels = images(height=size, width=size)
    turned = Rotation(90.0 * quarters)(pixels)
    assert turned.dtype == torch.uint8
    assert torch.equal(turned, torch.rot90(pixels, quarters, dims=(2, 3)))


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_a_quarter_turn_keeps_a_float_dtype(dtype):
    pixels = (images() / 255).to(dtype)
    turned = Rotation(90.0)(pixels)
    assert turned.dtype == dtype
    torch.testing.assert_close(turned, torch.rot90(pixels, 1, dims=(2, 3)), atol=1e-5, rtol=0)


def test_a_half_turn_of_oblong_images_is_exact():
    pixels = images(height=4, width=7)
    assert torch.equal(Rotation(180.0)(pixels), pixels.flip(2, 3))


def test_oblong_images_are_turned_and_not_sheared():
    # On 3 x 5 pixels the middle row, turned a quarter, stands in the middle column; what leaves the image is
    # lost, and what nothing came from is zero.
    pixels = torch.zeros(1, 1, 3, 5)
    pixels[0, 0, 1] = torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0])
    wanted = torch.zeros(3, 5)
    wanted[:, 2] = torch.tensor([4.0, 3.0, 2.0])
    torch.testing.assert_close(Rotation(90.0)(pixels)[0, 0], wanted, atol=1e-5, rtol=0)


def test_no_turn_is_exactly_the_identity():
    pixels = torch.rand(2, 1, 5, 5, generator=generator(0))
    assert torch.equal(Rotation(0.0)(pixels), pixels)
    assert torch.equal(Rotation(720.0)(pixels), pixels)


def test_half_of_a_quarter_turn_is_bilinear():
    # The centre of 3 x 3 pixels stays. The pixel right of it comes, at 45 degrees, from a = 1/√2 right of and
    # below the centre: (1−a)² of the centre, a(1−a) of right and of below each, a² of the corner.
    pixels = torch.tensor([[[[0.0, 0.0, 0.0], [0.0, 1.0, 2.0], [0.0, 3.0, 4.0]]]])
    a = math.sqrt(0.5)
    turned = Rotation(45.0)(pixels)[0, 0]
    assert turned[1, 1].item() == pytest.approx(1.0, abs=1e-6)
    assert turned[1, 2].item() == pytest.approx((1 - a) ** 2 + a * (1 - a) * (2 + 3) + a**2 * 4, abs=1e-5)


def test_what_comes_from_outside_is_zero():
    turned = Rotation(45.0)(torch.full((1, 1, 9, 9), 200, dtype=torch.uint8))[0, 0]
    corners = turned[[0, 0, -1, -1], [0, -1, 0, -1]]
    assert corners.tolist() == [0, 0, 0, 0]
    assert turned[4].tolist() == [200] * 9


def test_only_images_can_be_rotated():
    with pytest.raises(InputError, match=r"got inputs of shape \(3, 64\)"):
        Rotation(9.0)(torch.zeros(3, 64))
    with pytest.raises(InputError, match="finite number of degrees"):
        Rotation(math.nan)


@given(st.integers(0, 2**32), st.integers(0, 5))
def test_a_permutation_moves_every_pixel_to_one_place(seed, number):
    places = torch.arange(30).view(1, 1, 5, 6).repeat(2, 3, 1, 1)
    moved = Permutation(number, seed)(places)
    assert torch.equal(moved.flatten(2).sort().values, places.flatten(2))
    assert (moved == moved[0, 0]).all()  # all examples and channels alike


def test_a_permutation_takes_flat_inputs_too():
    flat = torch.rand(4, 36, generator=generator(0))
    assert torch.equal(Permutation(1, 7)(flat), Permutation(1, 7)(flat.view(4, 1, 6, 6)).view(4, 36))


def test_permutations_of_a_stream_differ_and_the_first_is_the_identity_unless_asked():
    pixels = torch.arange(64).view(1, 1, 8, 8)
    orders = [shift(pixels).flatten().tolist() for shift in permuted(4, seed=0)]
    assert orders[0] == list(range(64))
    assert len({tuple(order) for order in orders}) == 4
    all_drawn = [shift(pixels).flatten().tolist() for shift in permuted(4, seed=0, identity_first=False)]
    assert all_drawn[0] != orders[0]
    assert all_drawn[1:] == orders[1:]
    assert permuted(2, seed=1)[1](pixels).flatten().tolist() != orders[1]


def test_inversion_exchanges_light_and_dark():
    assert Inversion()(torch.tensor([0, 55, 255], dtype=torch.uint8)).tolist() == [255, 200, 0]
    assert Inversion()(torch.tensor([0.0, 0.25, 1.0])).tolist() == [1.0, 0.75, 0.0]


def test_brightening_scales_adds_and_cuts_off():
    # 0.5 · 10 + 0.1 · 255 = 30.5, rounded to even: 30; 0.5 · 255 + 25.5 = 153
    assert Brightening(0.5, 0.1)(torch.tensor([10, 255], dtype=torch.uint8)).tolist() == [30, 153]
    # 2 · 200 − 25.5 > 255; 2 · 5 − 25.5 < 0
    assert Brightening(2.0, -0.1)(torch.tensor([200, 5], dtype=torch.uint8)).tolist() == [255, 0]
    assert Brightening(2.0, 0.0)(torch.tensor([0.25, 0.75])).tolist() == [0.5, 1.0]


@pytest.mark.parametrize("shift", [Inversion(), Brightening()])
def test_floats_of_unknown_scale_are_refused(shift):
    with pytest.raises(InputError, match=r"got 0 to 16\. Scale them first"):
        shift(torch.tensor([0.0, 16.0]))


@pytest.mark.parametrize("shift", SHIFTS, ids=lambda shift: shift.name)
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
def test_shift_keeps_shape_and_dtype_and_leaves_its_inputs_alone(shift, dtype):
    pixels = images() if dtype == torch.uint8 else images() / 255
    before = pixels.clone()
    moved = shift(pixels)
    assert (moved.shape, moved.dtype) == (pixels.shape, dtype)
    assert torch.equal(pixels, before)


@pytest.mark.parametrize("shift", SHIFTS, ids=lambda shift: shift.name)
def test_shift_changes_each_example_by_itself(shift):
    pixels, rows = images(n=5), torch.tensor([4, 1])
    assert torch.equal(shift(pixels[rows]), shift(pixels)[rows])
    assert shift(pixels[:0]).shape == pixels[:0].shape


@pytest.mark.parametrize("shift", SHIFTS, ids=lambda shift: shift.name)
def test_data_that_is_not_in_memory_is_shifted_batch_by_batch_to_the_same(shift):
    examples = Examples(images(n=7), torch.tensor([0, 1, 0, 1, 1, 0, 1]), ("a", "b"))
    rows = torch.tensor([6, 0, 3, 2])
    view = View(examples, rows, examples.targets[rows], examples.classes)
    lazy = shifted(view, shift)
    batches = list(in_order(lazy, size=3))
    assert torch.equal(torch.cat([b.inputs for b in batches]), shift(examples.inputs)[rows])
    assert torch.equal(torch.cat([b.targets for b in batches]), lazy.targets)
    assert (len(lazy), lazy.classes) == (4, ("a", "b"))
    assert isinstance(lazy, View if isinstance(shift, Unshifted) else Shifted)


def test_data_in_memory_stays_there():
    examples = Examples(images(), torch.tensor([0, 1, 0]), ("a", "b"))
    moved = shifted(examples, Inversion())
    assert isinstance(moved, Examples)
    assert torch.equal(moved.inputs, 255 - examples.inputs)
    assert shifted(examples, Unshifted()) is examples


def test_shifts_are_values_with_names():
    assert rotated([0, 22.5]) == (Rotation(0.0), Rotation(22.5))
    names = [shift.name for shift in SHIFTS]
    assert names == ["rotated 33°", "permuted 1", "inverted", "brightened 0.7x+0.2", "as it is"]


@pytest.mark.parametrize("name", ["rotated", "rotated far", "rotated nan", "turned 9", "", "permuted 1"])
def test_a_name_of_no_shift_gives_none(name):
    assert shift_named(name) is None


def test_shifts_are_found_by_name():
    assert shift_named("rotated 45") == shift_named("rotated 45°") == Rotation(45.0)
    assert shift_named("inverted") == Inversion()
    assert shift_named("brightened") == Brightening()
