from __future__ import annotations

import math
from dataclasses import replace

import pytest
from tests.experiment.story import ran

from onward.experiment.published import Printed, Published, beside
from onward.experiment.results import Results

PUBLISHED = Published(
    {
        "ours": Printed(0.8, 0.02, 0.1, "1"),
        "theirs": Printed(0.5, 0.01, 0.3, "1"),
        "best": Printed(0.9, 0.01, 0.0, "1"),
        "not run": Printed(0.4, 0.02, 0.5, "2"),
    },
    contender="ours",
    tasks=2,
    oracle="best",
    beyond=("more",),
)


def two_tasks(label: str, seed: int, learned: float, left: float, last: float):
    """A run: the first task is learned to one accuracy and falls to another, the second ends with a third."""
    return ran(label, seed, [[learned, 0.1], [left, last]])


# Averages: ours 0.8 and 0.7, theirs 0.45, best 0.95, more 0.6. Forgetting: ours 0.2 and 0.2, theirs 0.6, more 0.
RESULTS = Results(
    "by hand",
    (
        two_tasks("theirs", 0, 0.9, 0.3, 0.6),
        two_tasks("ours", 0, 0.9, 0.7, 0.9),
        two_tasks("ours", 1, 0.8, 0.6, 0.8),
        two_tasks("more", 0, 0.5, 0.5, 0.7),
        ran("best", 0, [[0.95]]),  # at once
    ),
)
LINES = {line.label: line for line in beside(RESULTS, PUBLISHED).lines}


def test_lines_stand_in_the_order_of_the_paper_and_what_it_has_not_comes_last():
    assert list(LINES) == ["ours", "theirs", "best", "not run", "more"]
    assert [line.runs for line in LINES.values()] == [2, 1, 1, 0, 1]


def test_accuracy_and_forgetting_are_means_over_the_seeds():
    ours = LINES["ours"]
    assert ours.accuracy.mean == pytest.approx(0.75)
    assert ours.std == pytest.approx(0.1 / math.sqrt(2))  # of 0.8 and 0.7
    assert ours.forgetting.mean == pytest.approx(0.2)
    assert math.isnan(LINES["theirs"].std)  # one seed has no spread
    assert LINES["more"].forgetting.mean == 0 and math.isnan(LINES["best"].forgetting.mean)


def test_differences_are_counted_in_the_standard_deviations_of_the_paper():
    # (0.75 - 0.8) / 0.02, (0.45 - 0.5) / 0.01, (0.95 - 0.9) / 0.01
    assert [LINES[label].apart for label in ("ours", "theirs", "best")] == pytest.approx([-2.5, -5.0, 5.0])
    assert math.isnan(LINES["more"].apart) and math.isnan(LINES["not run"].apart)


@pytest.mark.parametrize(
    ("accuracy", "verdict"), [(0.77, "within"), (0.83, "within"), (0.85, "above"), (0.75, "below")]
)
def test_a_method_is_within_two_standard_deviations_or_above_or_below(accuracy, verdict):
    results = Results("one", (two_tasks("ours", 0, accuracy, accuracy, accuracy),))
    line = beside(results, PUBLISHED).own
    assert (line.label, line.verdict) == ("ours", verdict)


def test_where_it_is_said_so_the_interval_here_reaches_as_well():
    """Of 0.8 and 0.7 half the interval is 12.7 · 0.05, or 31.8 of the paper's deviations; of one run there is none."""
    found = beside(RESULTS, replace(PUBLISHED, widened=True))
    assert found.own.slack == pytest.approx(12.706 * 0.05 / 0.02, rel=1e-3)
    assert found.own.verdict == "within" and beside(RESULTS, PUBLISHED).own.verdict == "below"
    assert (found.of("theirs").slack, found.of("theirs").verdict) == (0, "below")


def test_a_stream_of_fewer_tasks_than_the_papers_is_not_judged():
    longer = replace(PUBLISHED, tasks=20)
    found = beside(RESULTS, longer)
    assert (found.tasks, found.judged) == (2, ())
    assert found.own.accuracy.mean == pytest.approx(0.75)
    assert {line.label for line in beside(RESULTS, PUBLISHED).judged} == {"ours", "theirs", "best"}


def test_of_what_the_paper_has_not_the_share_of_the_gap_is_told_that_it_closes():
    """From 0.75 to 0.95: with 0.6 three quarters of it the other way."""
    ((more, share),) = beside(RESULTS, PUBLISHED).further
    assert (more.label, share) == ("more", pytest.approx(-0.75))
    ((_, unknown),) = beside(RESULTS, replace(PUBLISHED, oracle="not run")).further
    assert math.isnan(unknown)
