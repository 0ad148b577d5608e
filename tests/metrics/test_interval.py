"""Student's interval, against a table's quantiles and arithmetic done by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onward.errors import InputError
from onward.metrics.interval import mean_interval, paired_interval

rows = st.lists(st.floats(-100, 100), min_size=2, max_size=10)


def test_interval_is_the_one_computed_by_hand():
    # 1..5: mean 3, s² = (4 + 1 + 0 + 1 + 4) / 4 = 2.5, s/√5 = √0.5 = 0.70711; t_{0.975, 4} = 2.77645 (table):
    # half width 2.77645 · 0.70711 = 1.96324
    mean, half = mean_interval([1, 2, 3, 4, 5])
    assert mean == 3
    assert half == pytest.approx(1.96324, abs=1e-5)


def test_interval_of_two_values_has_the_cauchy_quantile():
    # One degree of freedom is the Cauchy distribution: t_{p, 1} = tan(π (p − 1/2)). s/√2 of (0, 2) is 1.
    _, half = mean_interval([0, 2], level=0.9)
    assert half == pytest.approx(math.tan(math.pi * 0.45))


def test_single_value_has_no_width():
    mean, half = mean_interval([0.7])
    assert mean == 0.7
    assert math.isnan(half)


def test_paired_interval_is_that_of_the_differences():
    # differences 1..5 (the case above), though each side varies by a hundred
    b = np.array([0, 100, -50, 70, 3])
    mean, half = paired_interval(b + np.arange(1, 6), b)
    assert mean == pytest.approx(3)
    assert half == pytest.approx(1.96324, abs=1e-5)


@given(rows, st.floats(-10, 10), st.floats(0.1, 10))
def test_interval_moves_and_scales_with_its_values(values, shift, scale):
    x = np.array(values)
    mean, half = mean_interval(x)
    moved_mean, moved_half = mean_interval(scale * x + shift)
    assert moved_mean == pytest.approx(scale * mean + shift, abs=1e-9)
    assert moved_half == pytest.approx(scale * half, abs=1e-9)


@given(rows)
def test_a_higher_level_is_never_narrower_and_order_does_not_matter(values):
    assert mean_interval(values, 0.99)[1] >= mean_interval(values, 0.9)[1] >= 0
    assert mean_interval(values[::-1]) == pytest.approx(mean_interval(values))


@pytest.mark.parametrize("values", [[], [[1.0, 2.0]], [1.0, math.nan], [math.inf]])
def test_values_that_have_no_mean_are_refused(values):
    with pytest.raises(InputError, match="one or more finite values"):
        mean_interval(values)


@pytest.mark.parametrize("level", [0, 1, 95])
def test_a_level_outside_its_range_is_refused(level):
    with pytest.raises(InputError, match="level must be"):
        mean_interval([1, 2], level)


def test_values_that_cannot_be_paired_are_refused():
    with pytest.raises(InputError, match="pair them by seed"):
        paired_interval([1, 2, 3], [1, 2])
