"""Distances of what was pooled: known for maps of four places, blind to what sums do not see, finite everywhere."""

from __future__ import annotations

import math

import pytest
import torch

from onward.formulas.pooled_outputs import CORNER, pod_flat, pod_spatial, pooled
from onward.rng import generator

MAP = torch.tensor([[[[1.0, -2.0], [3.0, 4.0]]]])  # one example, one channel


def drawn(name, *shape):
    return torch.randn(*shape, generator=generator(0, name), dtype=torch.float64)


def test_a_map_is_pooled_to_the_sums_of_squares_of_its_rows_and_then_of_its_columns():
    """1 + 4 and 9 + 16; 1 + 9 and 4 + 16."""
    assert pooled(MAP).tolist() == [[5.0, 25.0, 10.0, 20.0]]


def test_channels_and_examples_stay_apart():
    maps = drawn("maps", 3, 4, 5, 2)
    assert pooled(maps).shape == (3, 4 * 5 + 4 * 2)
    for b, c in ((0, 0), (2, 3)):
        own = pooled(maps[b : b + 1, c : c + 1])[0]
        torch.testing.assert_close(pooled(maps)[b, 5 * c : 5 * c + 5], own[:5])
        torch.testing.assert_close(pooled(maps)[b, 20 + 2 * c : 22 + 2 * c], own[5:])


def test_a_sequence_is_pooled_over_its_places():
    """1 + 9 and 4 + 16."""
    assert pooled(MAP[0]).tolist() == [[10.0, 20.0]]


def test_what_has_the_same_sums_of_rows_and_columns_is_no_distance_apart():
    """One lies on the diagonal and the other beside it: place by place they have nothing in common."""
    one, other = torch.eye(2)[None, None], torch.eye(2).flip(0)[None, None]
    assert pod_spatial(pooled(one), pooled(other)).item() == 0


def test_what_is_active_elsewhere_is_the_root_of_two_apart():
    """(1, 0, 1, 0) / sqrt 2 and (0, 1, 0, 1) / sqrt 2 are orthogonal; the parabola at zero takes off CORNER."""
    one, other = torch.zeros(2, 1, 1, 2, 2, dtype=torch.float64)
    one[..., 0, 0], other[..., 1, 1] = 3.0, 0.5
    found = pod_spatial(pooled(one), pooled(other))
    torch.testing.assert_close(found.item(), math.sqrt(2) - CORNER, rtol=1e-6, atol=1e-8)


def test_it_is_the_mean_over_examples_of_the_distance_of_unit_vectors():
    p, q = drawn("p", 4, 6).square(), drawn("q", 4, 6).square()
    each = [(a / a.norm() - b / b.norm()).norm() for a, b in zip(p, q, strict=True)]
    torch.testing.assert_close(pod_spatial(p, q), sum(each) / 4, rtol=0, atol=1.1 * CORNER)
    torch.testing.assert_close(pod_spatial(3 * p, q), pod_spatial(p, q))


def test_features_are_one_less_the_cosine_apart():
    f, g = drawn("f", 4, 6), drawn("g", 4, 6)
    torch.testing.assert_close(pod_flat(f, g), (1 - torch.cosine_similarity(f, g)).mean())


@pytest.mark.parametrize("apart", [0.0, 1e-7, 1e-6])
def test_what_is_apart_by_rounding_alone_is_hardly_pulled(apart):
    """Below the corner the slope is distance / CORNER; that of a plain distance is 1 however near it is."""
    old = torch.tensor([[1.0, 0.0]], dtype=torch.float64)
    new = torch.tensor([[1.0, apart]], dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(pod_spatial(new, old), new)
    assert abs(slope[0, 1].item() - apart / CORNER) < 1e-4
    assert slope.abs().max() <= 0.011


def test_maps_of_zeros_have_a_finite_gradient():
    """Of a channel that is dead; one whose example is dead everywhere is 1 away from any direction."""
    maps = torch.zeros(2, 3, 4, 4, requires_grad=True)
    with torch.no_grad():
        maps[0, 1] = 1.0
    distance = pod_spatial(pooled(maps), pooled(torch.ones(2, 3, 4, 4)))
    (slope,) = torch.autograd.grad(distance, maps)
    assert bool(slope.isfinite().all())
    assert pod_spatial(pooled(torch.zeros(1, 3, 4, 4)), pooled(torch.ones(1, 3, 4, 4))).item() == pytest.approx(1, 1e-3)


def test_what_is_bfloat16_is_pooled_in_float32():
    maps = drawn("maps", 2, 3, 4, 4).bfloat16()
    assert pooled(maps).dtype == torch.float32
    assert torch.equal(pooled(maps), pooled(maps.float()))
