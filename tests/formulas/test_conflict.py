"""What goes against a reference is taken out of a gradient, and nothing else."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some

from onward.formulas.conflict import inner, multipliers, products, without_conflict, without_conflicts
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


def of(*numbers: float) -> list[torch.Tensor]:
    """A gradient of one tensor."""
    return [torch.tensor(numbers, dtype=torch.float64)]


@pytest.mark.parametrize(
    ("g", "margin", "left"),
    [
        ((-1.0, -0.5), 0.0, (0.0, 0.0)),
        ((2.0, 0.0), 0.0, (1.0, 1.0)),
        ((-1.0, 3.0), 0.0, (0.0, 3.0)),
        ((-1.0, 3.0), 0.5, (0.0, 3.5)),
        ((-1.0, 3.0), 2.0, (0.0, 5.0)),
    ],
)
def test_of_two_references_what_is_left_is_the_nearest_that_goes_against_neither(g, margin, left):
    """The references (1, 0) and (-1, 1) leave what has 0 <= x <= y.

    (-1, -1/2) goes against the first alone; without that, (0, -1/2), it goes against the other, and only 0 is near. Of
    (2, 0) half of (-1, 1) · 2 is taken. (-1, 3) lies nearest to (0, 3). A margin of 1/2 adds 1/2 of (0, 1) first, which
    is the sum of both, and (-1, 3.5) lies nearest to (0, 3.5); one of 2 adds (0, 2).
    """
    r = [of(1.0, 0.0), of(-1.0, 1.0)]
    (found,) = without_conflicts(of(*g), r, margin)
    assert found.tolist() == pytest.approx(left, abs=1e-9)


@pytest.mark.parametrize(("margin", "left"), [(0.5, 0.0), (3.0, 1.0)])
def test_of_one_reference_the_margin_is_the_least_that_it_counts(margin, left):
    """g = -2 r asks for 2 r; a margin below changes nothing, and one of 3 leaves r."""
    (found,) = without_conflicts(of(-2.0), [of(1.0)], margin)
    assert found.item() == pytest.approx(left)


@pytest.mark.parametrize(("ridge", "left"), [(0.0, 0.0), (1.0, -1.0), (3.0, -1.5)])
def test_with_a_ridge_of_one_reference_a_part_is_taken(ridge, left):
    """½ (-2 + v)² + ρ/2 v² is least where v = 2 / (1 + ρ)."""
    (found,) = without_conflicts(of(-2.0), [of(1.0)], ridge=ridge)
    assert found.item() == pytest.approx(left)


@pytest.mark.parametrize("margin", [0.0, 0.5])
def test_without_any_conflict_the_very_tensors_come_back_whatever_the_margin(margin):
    g = of(1.0, -3.0)
    assert without_conflicts(g, [of(1.0, -3.0), of(3.0, 1.0), of(0.0, 0.0)], margin)[0] is g[0]
    assert without_conflicts(g, [of(-1.0, 0.0), of(torch.nan, 0.0)], margin)[0] is g[0]


@given(some.integers(0, 10_000))
def test_of_one_reference_it_is_the_projection_of_one(seed):
    g, r = drawn(seed, "g"), drawn(seed, "r")
    for one, other in zip(without_conflicts(g, [r]), without_conflict(g, r), strict=True):
        torch.testing.assert_close(one, other)


@given(some.integers(0, 10_000), some.integers(2, 6), some.booleans())
def test_of_several_it_fulfils_the_conditions_of_the_best(seed, count, twice):
    """v >= γ, g̃ᵀ r_k >= 0, and v_k > γ only where g̃ᵀ r_k = 0: these make it the one solution, for it is convex."""
    g, r = drawn(seed, "g"), [drawn(seed, "r", str(k)) for k in range(count)]
    r += r[:1] if twice else []
    v = multipliers(products([g, *r]), 0.25)
    if not len(v):
        assert all(inner(g, each) >= 0 for each in r)
        return
    left = without_conflicts(g, r, 0.25)
    slack = torch.stack([inner(left, each) for each in r])
    assert (v >= 0.25).all() and (slack > -1e-9).all()
    assert ((v - 0.25) * slack).abs().max() < 1e-9
    expected = [whole + sum(s * each[i] for s, each in zip(v, r, strict=True)) for i, whole in enumerate(g)]
    for one, other in zip(left, expected, strict=True):
        torch.testing.assert_close(one, other)
