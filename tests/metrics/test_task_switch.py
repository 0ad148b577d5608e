"""Spike, gap and time to recover, by hand."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onward.errors import InputError
from onward.metrics.task_switch import knowledge_gap, loss_spike, steps_to

shares = st.lists(st.floats(0.01, 1), min_size=1, max_size=8)


def test_a_spike_is_the_highest_loss_soon_after_beside_the_mean_at_the_end():
    """Of the last two, 0.5 and 0.3, the mean is 0.4; of the first two of the new task the highest is 6."""
    assert loss_spike([9.0, 0.5, 0.3], [2.0, 6.0, 8.0], steps=2) == pytest.approx(5.6)
    assert loss_spike([0.5, 0.3], [2.0, 6.0, 8.0]) == pytest.approx(7.6)


@given(shares, st.floats(-5, 5))
def test_a_loss_that_goes_on_as_it_was_has_no_spike(values, level):
    assert loss_spike([level] * 3, [level] * len(values)) == pytest.approx(0)


def test_a_gap_is_the_mean_share_that_is_missing():
    """0.2 of 0.8 is a quarter, 0.6 of 0.8 three quarters: in the mean half is missing."""
    assert knowledge_gap([0.2, 0.6], 0.8) == pytest.approx(0.5)
    assert knowledge_gap([0.2, 0.6], [0.4, 0.6]) == pytest.approx(0.25)


@given(shares)
def test_whoever_is_held_against_himself_has_no_gap_and_who_is_ahead_a_negative_one(values):
    assert knowledge_gap(values, values) == pytest.approx(0)
    assert knowledge_gap([2 * value for value in values], values) == pytest.approx(-1)


def test_the_first_step_at_which_it_is_reached_counts_though_it_is_lost_again():
    curve, steps = [0.1, 0.8, 0.5, 0.9], [0, 10, 20, 30]
    assert steps_to(curve, steps, 0.7) == 10 and steps_to(curve, steps, 0.1) == 0
    assert steps_to(curve, steps, 0.95) == math.inf


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (lambda: loss_spike([], [1.0]), "before must be a row"),
        (lambda: loss_spike([1.0], [float("nan")]), "after must be a row"),
        (lambda: loss_spike([1.0], [1.0], steps=0), "steps must be >= 1, got 0"),
        (lambda: knowledge_gap([0.5, 0.5], [0.5] * 3), "one number or one a reading"),
        (lambda: knowledge_gap([0.5], 0.0), "above 0 at every reading"),
        (lambda: steps_to([0.5, 0.6], [10, 10], 0.5), "steps must rise"),
        (lambda: steps_to([0.5, 0.6], [10], 0.5), "steps must rise"),
    ],
)
def test_what_cannot_be_compared_is_refused(wrong, told):
    with pytest.raises(InputError, match=told):
        wrong()
