"""Accuracies and flips, against arithmetic done by hand and against one another."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onward.errors import InputError
from onward.metrics.flips import (
    accuracy,
    churn,
    class_accuracy,
    mean_class_accuracy,
    negative_flip_rate,
    positive_flip_rate,
)

# Three classes with 4, 2 and 1 examples.
TARGETS = [0, 0, 0, 0, 1, 1, 2]
BEFORE_ = [0, 0, 0, 1, 1, 0, 0]  # right: 3 of 4, 1 of 2, 0 of 1
AFTER__ = [0, 0, 1, 0, 0, 2, 2]  # right: 3 of 4, 0 of 2, 1 of 1


@st.composite
def predictions(draw, classes=4):
    """Two versions' predictions and the targets, (n,) each."""
    n = draw(st.integers(1, 30))
    ids = st.lists(st.integers(0, classes - 1), min_size=n, max_size=n).map(np.array)
    return draw(ids), draw(ids), draw(ids)


def test_accuracy_counts_every_example_the_same():
    assert accuracy(BEFORE_, TARGETS) == pytest.approx(4 / 7)


def test_class_accuracy_is_nan_for_a_class_without_examples():
    np.testing.assert_allclose(class_accuracy(BEFORE_, TARGETS, classes=4), [3 / 4, 1 / 2, 0, np.nan])


def test_mean_class_accuracy_counts_every_class_the_same():
    # (3/4 + 1/2 + 0) / 3 = 5/12
    assert mean_class_accuracy(BEFORE_, TARGETS) == pytest.approx(5 / 12)


def test_a_class_without_examples_has_no_part_in_the_mean():
    # targets hold classes 0 and 3 alone: (1 + 1/2) / 2
    assert mean_class_accuracy([0, 3, 0], [0, 3, 3]) == pytest.approx(0.75)


def test_negative_flips_were_right_and_are_wrong():
    # examples 2 (class 0) and 4 (class 1): 2 of 7; by class (1/4 + 1/2 + 0) / 3 = 1/4
    assert negative_flip_rate(BEFORE_, AFTER__, TARGETS) == pytest.approx(2 / 7)
    assert negative_flip_rate(BEFORE_, AFTER__, TARGETS, by_class=True) == pytest.approx(1 / 4)


def test_positive_flips_were_wrong_and_are_right():
    # examples 3 (class 0) and 6 (class 2): 2 of 7; by class (1/4 + 0 + 1) / 3 = 5/12
    assert positive_flip_rate(BEFORE_, AFTER__, TARGETS) == pytest.approx(2 / 7)
    assert positive_flip_rate(BEFORE_, AFTER__, TARGETS, by_class=True) == pytest.approx(5 / 12)


def test_churn_counts_also_what_went_from_wrong_to_otherwise_wrong():
    # examples 2, 3, 4, 5 and 6: 5 of 7, example 5 being wrong twice; by class (2/4 + 2/2 + 1/1) / 3 = 5/6
    assert churn(BEFORE_, AFTER__, TARGETS) == pytest.approx(5 / 7)
    assert churn(BEFORE_, AFTER__, TARGETS, by_class=True) == pytest.approx(5 / 6)


@given(predictions(), st.booleans())
def test_accuracy_changes_by_positive_minus_negative_flips(three, by_class):
    before, after, targets = three
    measure = mean_class_accuracy if by_class else accuracy
    gained = positive_flip_rate(*three, by_class) - negative_flip_rate(*three, by_class)
    assert measure(after, targets) - measure(before, targets) == pytest.approx(gained)


@given(predictions(classes=2), st.booleans())
def test_flips_sum_to_churn_with_two_classes(three, by_class):
    flips = positive_flip_rate(*three, by_class) + negative_flip_rate(*three, by_class)
    assert churn(*three, by_class) == pytest.approx(flips)


@given(predictions(), st.booleans())
def test_rates_stay_in_range_and_flips_within_churn(three, by_class):
    positive, negative = positive_flip_rate(*three, by_class), negative_flip_rate(*three, by_class)
    assert 0 <= positive <= 1 and 0 <= negative <= 1
    assert positive + negative <= churn(*three, by_class) + 1e-12 <= 1 + 1e-9


@given(predictions(), st.booleans())
def test_going_back_turns_the_flips_round(three, by_class):
    before, after, targets = three
    assert negative_flip_rate(before, after, targets, by_class) == positive_flip_rate(after, before, targets, by_class)


@given(predictions(), st.randoms(use_true_random=False))
def test_neither_the_order_of_examples_nor_the_ids_of_classes_matter(three, random):
    rows = random.sample(range(len(three[0])), len(three[0]))
    ids = np.array(random.sample(range(4), 4))
    moved = [ids[values[rows]] for values in three]
    for rate in (negative_flip_rate, positive_flip_rate, churn):
        for by_class in (False, True):
            assert rate(*moved, by_class) == pytest.approx(rate(*three, by_class))
    assert mean_class_accuracy(moved[0], moved[2]) == pytest.approx(mean_class_accuracy(three[0], three[2]))


@given(predictions())
def test_balanced_classes_make_both_averages_equal(three):
    before, after, _ = three
    pairs = np.concatenate([before, before]), np.concatenate([after, after])
    targets = np.repeat([0, 1], len(before))
    assert negative_flip_rate(*pairs, targets) == pytest.approx(negative_flip_rate(*pairs, targets, by_class=True))


def test_class_accuracy_refuses_a_target_beyond_the_classes():
    with pytest.raises(InputError, match=r"\[0, 3\), got 3"):
        class_accuracy([0, 1], [0, 3], classes=3)


@pytest.mark.parametrize(
    ("predicted", "targets", "message"),
    [
        ([], [], "one class id for each"),
        ([0, 1], [0], r"predicted \(2,\), targets \(1,\)"),
        ([[0]], [[0]], "one class id for each"),
        ([0.0, 1.0], [0, 1], "predicted must be class ids"),
        ([0, 1], [0, -1], "targets must be class ids"),
    ],
)
def test_predictions_that_do_not_fit_are_refused(predicted, targets, message):
    with pytest.raises(InputError, match=message):
        accuracy(predicted, targets)
