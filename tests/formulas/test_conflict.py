"""What goes against a reference is taken out of a gradient, and nothing else."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some

from onward.formulas.conflict import inner, without_conflict
from onward.rng import generator


def drawn(seed: int, *names: str) -> list[torch.Tensor]:
    """Two tensors of different shape, in double precision."""
    draws = generator(seed, "conflict", *names)
    return [torch.randn(shape, generator=draws, dtype=torch.float64) for shape in ((3, 2), (4,))]


def test_projection_is_that_of_the_closed_form():
    """g = (1, -2 | 1), r = (0, 1 | 1): gᵀr = -1 and rᵀr = 2, so half of r comes on top."""
    g, r = [torch.tensor([1.0, -2.0]), torch.tensor([1.0])], [torch.tensor([0.0, 1.0]), torch.tensor([1.0])]
    left = without_conflict(g, r)
    assert [each.tolist() for each in left] == [[1.0, -1.5], [1.5]]


@pytest.mark.parametrize("other", [[1.0, -3.0], [3.0, 1.0], [0.0, 0.0]], ids=["along", "across", "nothing"])
def test_without_a_conflict_the_very_tensors_come_back(other):
    g = [torch.tensor([1.0, -3.0])]
    assert without_conflict(g, [torch.tensor(other)])[0] is g[0]


@given(some.integers(0, 10_000))
def test_what_is_left_never_goes_against_the_reference_and_is_the_nearest_that_does_not(seed):
    g, r = drawn(seed, "g"), drawn(seed, "r")
    left = without_conflict(g, r)
    if inner(g, r) < 0:
        assert abs(float(inner(left, r))) < 1e-12
    else:
        assert all(map(torch.equal, left, g))
    away = [one - other for one, other in zip(left, g, strict=True)]
    for number in range(5):  # any other that keeps from going against r is at least as far from g
        other = without_conflict(drawn(seed, "other", str(number)), r)
        way = [one - another for one, another in zip(other, g, strict=True)]
        assert inner(away, away) <= inner(way, way) + 1e-12
