"""The barrier of a line, by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onward.metrics.barrier import Profile, barrier, excess

LOSS = st.floats(0, 100)


def test_it_is_the_largest_excess_over_the_straight_line_between_the_ends():
    # The straight line from 1 to 3 is 1, 1.5, 2, 2.5, 3: the losses lie 0, 0.5, 2, -0.5, 0 above it.
    alphas, losses = (0, 0.25, 0.5, 0.75, 1), (1, 2, 4, 2, 3)
    assert excess(alphas, losses).tolist() == pytest.approx([0, 0.5, 2, -0.5, 0])
    assert barrier(alphas, losses) == pytest.approx(2)
    profile = Profile("t", alphas, losses, (1.0,) * 5)
    assert (profile.barrier, profile.highest) == (pytest.approx(2), 0.5)


@given(LOSS, LOSS, st.floats(0, 50), st.integers(2, 30))
def test_a_convex_loss_has_none(start, end, bend, points):
    """A straight line less a parabola through both ends: convex, and nowhere above the straight line."""
    alphas = [k / (points - 1) for k in range(points)]
    losses = [(1 - a) * start + a * end - bend * a * (1 - a) for a in alphas]
    assert barrier(alphas, losses) == pytest.approx(0, abs=1e-12)


@given(st.lists(LOSS, min_size=2, max_size=12))
def test_it_is_never_below_zero_and_no_greater_than_over_the_lower_end(losses):
    alphas = [k / (len(losses) - 1) for k in range(len(losses))]
    assert 0 <= barrier(alphas, losses) <= max(losses) - min(losses[0], losses[-1]) + 1e-9


@given(LOSS, st.integers(2, 9))
def test_a_flat_line_has_none_and_says_so_at_the_first_end(loss, points):
    alphas = tuple(k / (points - 1) for k in range(points))
    profile = Profile("t", alphas, (loss,) * points, (1.0,) * points)
    assert profile.barrier == pytest.approx(0, abs=1e-12)
