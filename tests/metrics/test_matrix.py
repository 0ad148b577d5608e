"""The numbers read from an accuracy matrix, against arithmetic done by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from onward.errors import InputError
from onward.metrics.matrix import (
    average_accuracy,
    average_accuracy_by_examples,
    backward_transfer,
    forgetting_from_best,
    forgetting_from_learned,
    forward_transfer,
    learning_accuracy,
    summary,
)

# Experience 0 gains from update 1 before it loses: its best is 0.95, and 0.9 right after learning.
R = np.array(
    [
        [0.90, 0.30, 0.20],
        [0.95, 0.80, 0.40],
        [0.60, 0.70, 1.00],
    ]
)
SEEN = np.where(np.tri(3, dtype=bool), R, np.nan)

matrices = st.integers(1, 6).flatmap(lambda t: arrays(np.float64, (t, t), elements=st.floats(0, 1)))
several = st.integers(2, 6).flatmap(lambda t: arrays(np.float64, (t, t), elements=st.floats(0, 1)))


def test_average_accuracy_is_the_mean_of_the_last_row():
    # (0.6 + 0.7 + 1.0) / 3 = 2.3 / 3
    assert average_accuracy(R) == pytest.approx(2.3 / 3)


def test_average_accuracy_by_examples_weighs_each_test_set_by_its_size():
    # (100·0.6 + 300·0.7 + 100·1.0) / 500 = (60 + 210 + 100) / 500 = 0.74
    assert average_accuracy_by_examples(R, [100, 300, 100]) == pytest.approx(0.74)


def test_learning_accuracy_is_the_mean_of_the_diagonal():
    # (0.9 + 0.8 + 1.0) / 3 = 0.9
    assert learning_accuracy(R) == pytest.approx(0.9)


def test_forgetting_from_best_starts_at_the_best_earlier_accuracy():
    # experience 0: max(0.90, 0.95) − 0.60 = 0.35; experience 1: 0.80 − 0.70 = 0.10; mean 0.225
    assert forgetting_from_best(R) == pytest.approx(0.225)


def test_forgetting_from_learned_starts_at_the_accuracy_right_after_learning():
    # experience 0: 0.90 − 0.60 = 0.30; experience 1: 0.80 − 0.70 = 0.10; mean 0.2
    assert forgetting_from_learned(R) == pytest.approx(0.2)


def test_backward_transfer_is_final_minus_learned():
    # (0.6 − 0.9 + 0.7 − 0.8) / 2 = −0.2
    assert backward_transfer(R) == pytest.approx(-0.2)


def test_forward_transfer_is_accuracy_before_learning_minus_baseline():
    # (r[0,1] − 0.1 + r[1,2] − 0.25) / 2 = (0.20 + 0.15) / 2 = 0.175; the baseline's first number has no part
    assert forward_transfer(R, [0.7, 0.1, 0.25]) == pytest.approx(0.175)


def test_summary_names_each_number_by_its_function():
    found = summary(R, baseline=[0.7, 0.1, 0.25])
    wanted = {
        "average_accuracy": 2.3 / 3,
        "learning_accuracy": 0.9,
        "forgetting_from_best": 0.225,
        "forgetting_from_learned": 0.2,
        "backward_transfer": -0.2,
        "forward_transfer": 0.175,
    }
    assert found == pytest.approx(wanted)
    assert "forward_transfer" not in summary(R)


def test_what_was_not_yet_seen_has_no_part_but_in_forward_transfer():
    assert summary(SEEN) == summary(R)
    with pytest.raises(InputError, match=r"r\[0, 1\], r\[1, 2\]"):
        forward_transfer(SEEN, [0.1, 0.1, 0.1])


def test_accuracy_before_learning_is_not_the_best_even_when_it_is_highest():
    # r[0, 1] = 0.99 was measured before experience 1 was learned; the best since is 0.5: 0.5 − 0.4 = 0.1.
    # Experience 0: max(0.5, 0.5) − 0.5 = 0. Mean 0.05.
    r = [[0.5, 0.99, 0.0], [0.5, 0.5, 0.0], [0.5, 0.4, 0.5]]
    assert forgetting_from_best(r) == pytest.approx(0.05)


def test_forgetting_is_negative_when_later_updates_helped():
    # max(0.5, 0.6) − 0.8 = −0.2; 0.5 − 0.9 = −0.4; mean −0.3
    assert forgetting_from_best([[0.5, 0, 0], [0.6, 0.5, 0], [0.8, 0.9, 0.5]]) == pytest.approx(-0.3)


def test_one_experience_has_nothing_to_forget_or_transfer():
    found = summary([[0.8]], baseline=[0.1])
    assert found["average_accuracy"] == found["learning_accuracy"] == 0.8
    rest = ("forgetting_from_best", "forgetting_from_learned", "backward_transfer", "forward_transfer")
    assert all(math.isnan(found[name]) for name in rest)


@given(several)
def test_forgetting_is_zero_when_no_accuracy_ever_falls_and_none_rises(r):
    still = np.tile(r[0], (len(r), 1))
    assert forgetting_from_best(still) == forgetting_from_learned(still) == backward_transfer(still) == 0


@given(several)
def test_forgetting_is_at_most_zero_when_rows_never_fall(r):
    assert forgetting_from_best(np.sort(r, axis=0)) <= 0


@given(several)
def test_backward_transfer_is_forgetting_from_learned_with_its_sign_turned(r):
    assert backward_transfer(r) == pytest.approx(-forgetting_from_learned(r))
    assert forgetting_from_best(r) >= forgetting_from_learned(r) - 1e-12


@given(matrices)
def test_learned_minus_forgotten_gives_the_average_accuracy(r):
    # ACC = LA + (t − 1)/t · BWT, for the last experience has r[t−1, t−1] in both
    t = len(r)
    gained = (t - 1) / t * backward_transfer(r) if t > 1 else 0.0
    assert average_accuracy(r) == pytest.approx(learning_accuracy(r) + gained)


@given(matrices)
def test_numbers_stay_in_range(r):
    found = summary(r)
    assert 0 <= found["average_accuracy"] <= 1 + 1e-12
    assert 0 <= found["learning_accuracy"] <= 1 + 1e-12
    if len(r) > 1:
        assert all(-1 <= value <= 1 + 1e-12 for value in found.values())


@given(matrices, st.randoms(use_true_random=False))
def test_average_accuracy_does_not_depend_on_the_order_of_experiences(r, random):
    order = random.sample(range(len(r)), len(r))
    shuffled, counts = r[:, order], np.arange(1, len(r) + 1)
    assert average_accuracy(shuffled) == pytest.approx(average_accuracy(r))
    assert average_accuracy_by_examples(shuffled, counts[order]) == pytest.approx(
        average_accuracy_by_examples(r, counts)
    )


@given(matrices, st.integers(1, 50))
def test_equal_test_sets_give_the_plain_average(r, count):
    assert average_accuracy_by_examples(r, [count] * len(r)) == pytest.approx(average_accuracy(r))


@pytest.mark.parametrize("r", [[], [0.5, 0.5], [[0.5, 0.5]], np.zeros((0, 0)), np.zeros((2, 2, 2))])
def test_a_matrix_that_is_not_square_is_refused(r):
    with pytest.raises(InputError, match="one row for each update"):
        average_accuracy(r)


def test_an_experience_seen_and_not_measured_is_refused_by_its_place():
    with pytest.raises(InputError, match=r"r\[1, 0\]"):
        summary([[0.5, 0.5], [np.nan, 0.5]])


@pytest.mark.parametrize("counts", [[1, 2], [1, 2, -3], [0, 0, 0], [1, np.nan, 1]])
def test_counts_that_do_not_fit_are_refused(counts):
    with pytest.raises(InputError, match="counts of test examples"):
        average_accuracy_by_examples(R, counts)
