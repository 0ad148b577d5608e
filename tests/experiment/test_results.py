from __future__ import annotations

import math

import pytest
from tests.experiment.story import outcome, ran

from onward.experiment.results import Results

# Two seeds of a method on two experiences, and one seed of another that is twice as good at the end.
GOOD = [[0.8, 0.0], [0.6, 1.0]]
BETTER = [[1.0, 0.0], [0.8, 1.0]]
RESULTS = Results(
    "by hand",
    (ran("a", 0, GOOD, seconds=1.0), ran("a", 1, BETTER, seconds=2.0), ran("b", 0, GOOD), ran("b", 1, None)),
)


def test_measures_of_a_run_are_those_of_its_matrix_and_its_bill():
    measures = outcome([[0.8, 0.0, 0.0], [0.6, 1.0, 0.0], [0.7, 0.4, 0.9]], seconds=2.0, flips=0.3).measures
    expected = {
        "average_accuracy": 2.0 / 3,  # (0.7 + 0.4 + 0.9) / 3
        "learning_accuracy": 0.9,  # (0.8 + 1.0 + 0.9) / 3
        "forgetting_from_best": 0.35,  # (0.8 - 0.7 + 1.0 - 0.4) / 2
        "forgetting_from_learned": 0.35,
        "backward_transfer": -0.35,
        "negative_flips": 0.3,
        "seconds": 6.0,  # summed over three updates, as are steps and samples
        "steps": 6,
        "samples": 30,
        "kept_bytes": 200,  # what the last update left
    }
    assert measures == pytest.approx(expected)


def test_summary_is_the_mean_over_seeds_with_students_interval():
    summary = RESULTS.summaries()[0]
    assert (summary.label, summary.runs, summary.failed) == ("a", 2, 0)
    # Average accuracies 0.8 and 0.9: s = 0.1 / sqrt 2, so s / sqrt n = 0.05; t for 97.5 % and one degree is 12.7062.
    assert summary.measures["average_accuracy"] == pytest.approx((0.85, 12.7062 * 0.05), rel=1e-5)
    # 2 and 4 seconds over both updates.
    assert summary.measures["seconds"] == pytest.approx((3.0, 12.7062 * 1.0), rel=1e-5)
    assert summary.measures["samples"] == (20.0, 0.0)


def test_failed_runs_are_counted_and_left_out_of_the_mean():
    summary = RESULTS.summaries()[1]
    assert (summary.runs, summary.failed) == (1, 1)
    mean, half_width = summary.measures["average_accuracy"]
    assert mean == pytest.approx(0.8) and math.isnan(half_width)
    assert [cell.seed for cell in RESULTS.failed] == [1]


def test_method_without_a_finished_run_has_no_measures_and_no_curve():
    results = Results("none", (ran("a", 0, GOOD), ran("lost", 0, None)))
    assert results.summaries()[1].measures == {}
    assert set(results.curves()) == {"a"}


def test_forgetting_of_a_single_experience_is_not_defined():
    summary = Results("one", (ran("a", 0, [[0.5]]), ran("a", 1, [[0.7]]))).summaries()[0]
    assert all(math.isnan(value) for value in summary.measures["forgetting_from_best"])
    assert summary.measures["average_accuracy"].mean == pytest.approx(0.6)


def test_curve_averages_the_experiences_seen_so_far_and_the_seeds():
    means = {label: [each.mean for each in estimates] for label, estimates in RESULTS.curves().items()}
    # Method a: after update 1 the mean of 0.8 and 1.0; after update 2 that of (0.6 + 1.0) / 2 and (0.8 + 1.0) / 2.
    assert means["a"] == pytest.approx([0.9, 0.85])
    assert means["b"] == pytest.approx([0.8, 0.8])


def test_last_rows_hold_each_experience_after_the_last_update():
    means = [each.mean for each in RESULTS.last_rows()["a"]]
    assert means == pytest.approx([0.7, 1.0])
