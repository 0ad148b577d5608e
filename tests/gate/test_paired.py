"""The tests of the gate against SciPy's, against values worked out by hand, and against what they promise."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, bootstrap

from onward.gate.paired import POWER, Fall, detectable, holm, likelier
from onward.rng import derived

counts = st.integers(0, 25)


@st.composite
def falls(draw):
    negative, positive, rest = draw(counts), draw(counts), draw(counts)
    return Fall(max(negative + positive + rest, 1), negative, positive)


def drawn(draws: int, n: int, negative: float, positive: float, *names: str) -> list[Fall]:
    """Test sets of n examples from a world in which a share of each kind flips."""
    source = np.random.default_rng(derived(0, "falls", *names))
    flips = source.multinomial(n, [negative, positive, 1 - negative - positive], size=draws)
    return [Fall(n, int(b), int(c)) for b, c, _ in flips]


def found(worlds: list[Fall], margin: float) -> int:
    """In how many of them the rule is found broken; each kind is asked once."""
    return sum(times for fall, times in Counter(worlds).items() if fall.doubt(margin) < 0.05)


@pytest.mark.parametrize(
    ("negative", "positive", "p"),
    [
        (0, 0, 1.0),
        (1, 0, 1 / 2),
        (5, 0, 1 / 32),
        (0, 5, 1.0),
        (8, 2, (45 + 10 + 1) / 1024),  # of 10 differing ones 8, 9 or 10
        (3, 3, (20 + 15 + 6 + 1) / 64),
    ],
)
def test_without_a_margin_it_is_mcnemars_exact_test(negative, positive, p):
    assert Fall(100, negative, positive).doubt(0.0) == pytest.approx(p) == likelier(negative, positive)


def test_the_bootstrap_distribution_is_the_one_of_all_27_samples_of_three():
    # One negative flip, one positive, one neither: 3^3 samples with as many of each sum; a sum of 0 comes 7 times.
    fall = Fall(3, 1, 1)
    sums = {-3: 1, -2: 3, -1: 6, 0: 7, 1: 6, 2: 3, 3: 1}
    shares = np.cumsum(list(sums.values())) / 27
    assert [fall.at_most(k) for k in sums] == pytest.approx(shares.tolist())


def test_the_interval_is_scipys_bootstrap_of_the_paired_differences():
    fall = Fall(60, 14, 5)
    differences = np.repeat([1.0, -1.0, 0.0], [14, 5, 41])
    source = np.random.default_rng(derived(0, "bootstrap"))
    theirs = bootstrap(
        (differences,), np.mean, n_resamples=40_000, confidence_level=0.9, method="percentile", rng=source
    )
    low, high = theirs.confidence_interval
    assert fall.interval(0.95) == pytest.approx((low, high), abs=1 / 60 + 1e-9)  # neighbours among whole counts
    assert fall.at_most(6) == pytest.approx((theirs.bootstrap_distribution * 60 <= 6.5).mean(), abs=0.01)


@given(falls(), st.floats(0.51, 0.999))
def test_the_fall_lies_between_its_bounds_and_they_widen_with_confidence(fall, confidence):
    low, high = fall.interval(confidence)
    assert low - 1e-9 <= fall.value <= high + 1e-9 or abs(fall.value) < 2 / fall.examples
    wider = fall.interval((1 + confidence) / 2)
    assert wider[0] <= low <= high <= wider[1]


@given(falls())
def test_the_interval_of_the_opposite_is_the_opposite(fall):
    turned = Fall(fall.examples, fall.positive, fall.negative)
    for k in (-3, 0, 2):
        assert turned.at_most(k) == pytest.approx(1 - fall.at_most(-k - 1), abs=1e-9)


@given(falls(), st.floats(0, 1), st.floats(0, 1))
def test_a_larger_margin_is_never_easier_to_break(fall, one, other):
    small, large = sorted((one, other))
    assert fall.doubt(small) <= fall.doubt(large) + 1e-9


def test_a_fall_by_the_margin_itself_is_no_break_whatever_the_floats_make_of_it():
    assert 0.07 * 100 > 7  # in floats
    for n in (10, 29, 100, 700):
        for k in range(1, n):
            assert Fall(n, k, 0).doubt(k / n) > 0.5 - 0.5 / math.sqrt(n)


@pytest.mark.parametrize(
    ("margin", "negative", "positive"),
    [(0.0, 0.05, 0.05), (0.01, 0.03, 0.02), (0.01, 0.01, 0.0), (0.01, 0.11, 0.10), (0.05, 0.1, 0.05)],
)
@pytest.mark.parametrize("n", [20, 500])
def test_of_harmless_updates_no_more_than_promised_are_refused(n, margin, negative, positive):
    # The world in which accuracy falls by just the margin is the hardest of those that keep the rule.
    trials = 1000
    alarms = found(drawn(trials, n, negative, positive, "harmless"), margin)
    # Were the rate above 0.05, so many would be a rare accident.
    assert binomtest(alarms, trials, 0.05, "greater").pvalue > 1e-3


def test_a_fall_that_can_be_told_is_told_as_often_as_was_said():
    for n, margin, churn in ((400, 0.01, 0.0), (2000, 0.01, 0.06), (1000, 0.0, 0.04), (3000, 0.05, 0.2)):
        fall = detectable(n, margin, churn, 0.95)
        share = max(churn, fall)
        negative, positive = (share + fall) / 2, (share - fall) / 2
        share = found(drawn(500, n, negative, positive, "telling"), margin) / 500
        assert POWER - 0.06 < share < POWER + 0.12, (n, margin, churn)


def test_what_can_be_told_is_the_sample_size_of_connor_turned_around():
    z = 1.6448536 + 0.8416212  # of 95 % and of 80 %
    assert detectable(1000, 0.0, 0.1, 0.95) == pytest.approx(z * math.sqrt(0.1 / 1000))
    # Nothing differs: d = step √d without a margin, so d = z² / n.
    assert detectable(1000, 0.0, 0.0, 0.95) == pytest.approx(z**2 / 1000)
    told = detectable(500, 0.02, 0.0, 0.95)
    assert told == pytest.approx(0.02 + z * math.sqrt(told / 500))
    assert detectable(1, 0.5, 1.0, 0.95) == 1.0


@given(st.integers(1, 10**6), st.floats(0, 1), st.floats(0, 1))
def test_more_examples_tell_more(n, margin, churn):
    assert margin <= detectable(2 * n, margin, churn, 0.95) <= detectable(n, margin, churn, 0.95) <= 1


def test_a_rise_is_told_by_the_same_test_turned_around():
    assert Fall(10, 0, 5).rose(0.95) and not Fall(10, 0, 4).rose(0.95)  # 1/32 and 1/16
    assert not Fall(10, 5, 0).rose(0.95)


def test_holm_steps_down_and_stops():
    # 0.05/4 = 0.0125, 0.05/3 = 0.0167, 0.05/2 = 0.025: the third stops it, so the fourth is not asked.
    assert holm([0.03, 0.016, 0.012, 0.04], 0.95) == [False, True, True, False]
    assert holm([0.012, 0.016, 0.02, 0.04], 0.95) == [True] * 4
    assert holm([0.013, 0.013, 0.013, 0.013], 0.95) == [False] * 4
    assert holm([], 0.95) == []


def test_a_hundred_classes_raise_no_more_false_alarms_than_one():
    trials, many = 40, 100
    families = [drawn(many, 200, 0.05, 0.05, "family", str(trial)) for trial in range(trials)]
    together = sum(any(holm([each.doubt(0.0) for each in family], 0.95)) for family in families)
    alone = sum(any(each.doubt(0.0) < 0.05 for each in family) for family in families)
    assert binomtest(together, trials, 0.05, "greater").pvalue > 1e-3 and alone > trials / 2
