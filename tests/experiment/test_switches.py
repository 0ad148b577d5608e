from __future__ import annotations

import math
from dataclasses import replace

import pytest
from tests.experiment.story import ran

from onward.errors import InputError
from onward.experiment.results import CellResult, Results
from onward.experiment.switches import Grid, early, late, switches, waiting
from onward.experiment.watch import Watched

GRID = Grid("solved", baseline="drawn", others=(), cells=("a",), oracle="all")
STEPS = (0, 50, 100, 150, 160)


def watched(label: str, seed: int, last: tuple[float, float], loss, new, old=(0.8,) * 5) -> CellResult:
    """A run of two updates of 30 and 10 test examples, with these readings in the second."""
    cell = ran(label, seed, [[0.9, 0.0], list(last)])
    assert cell.outcome is not None
    read = Watched(STEPS, tuple(new), tuple(old), tuple(loss))
    before = (9.0, 2.0, 1.0)  # of the first update; the last two readings stand for its last hundred steps
    outcome = replace(cell.outcome, tested=(30, 10), watched=(read,), learning=(before, tuple(loss)))
    return replace(cell, outcome=outcome)


DRAWN = {"loss": (6.0, 2.0, 1.0, 3.0), "new": (0.0, 0.2, 0.4, 0.5, 0.4)}
SOLVED = {"loss": (1.0, 2.0, 1.0, 1.0), "new": (0.39, 0.4, 0.5, 0.5, 0.5)}
RESULTS = Results(
    "by hand",
    (
        watched("drawn, a", 0, (0.5, 0.4), **DRAWN), watched("drawn, a", 1, (0.6, 0.4), **DRAWN),
        watched("solved, a", 0, (0.6, 0.5), **SOLVED), watched("solved, a", 1, (0.6, 0.6), **SOLVED),
        ran("all", 0, [[0.8]]), ran("all", 1, [[0.8]]),
    ),
)  # fmt: skip


def of(start: str):
    return switches(RESULTS, GRID).of(start)[0]


def test_the_final_accuracy_counts_every_test_example_alike_and_the_gain_is_paired():
    # (30 · 0.6 + 10 · 0.5) / 40 = 0.575 and 0.6; the baseline has 0.475 and 0.55.
    assert of("solved").final.mean == pytest.approx(0.5875)
    assert of("solved").gain.mean == switches(RESULTS, GRID).gain.mean == pytest.approx((0.1 + 0.05) / 2)
    assert of("solved").gain.half_width == pytest.approx(12.7062 * 0.025, rel=1e-5)
    assert of("drawn").gain.mean == 0


def test_early_and_late_losses_are_means_over_a_hundred_steps():
    read = Watched(STEPS, DRAWN["new"], DRAWN["new"], DRAWN["loss"])
    assert early(read) == 4.0  # of 50 steps at 6 and 50 at 2
    # From step 60 on there are whole stretches from 100 to 150, at 1, and from 150 to 160, at 3.
    assert late(read) == pytest.approx((50 * 1 + 10 * 3) / 60)
    short = Watched((0, 120, 240), (0.0,) * 3, (0.0,) * 3, (5.0, 4.0))
    assert (early(short), late(short)) == (5.0, 4.0)  # the nearest there is


def test_the_spike_is_the_jump_from_the_task_before():
    # Two readings stand for a hundred steps: the highest of the first two less the mean of the last two before.
    assert of("drawn").spike.mean == 6.0 - 1.5
    assert of("solved").spike.mean == 2.0 - 1.5
    assert of("solved").early_ratio.mean == pytest.approx(1.5 / (80 / 60))


def test_steps_are_those_to_what_the_baseline_ends_with():
    mine, base = (Watched(STEPS, d["new"], d["new"], d["loss"]) for d in (SOLVED, DRAWN))
    # 0.36, 0.38, 0.396 and 0.4: the first two are there before a step, which counts as the first reading.
    assert waiting(mine, base) == (50, 50, 50, 50)
    assert waiting(base, base) == (100, 100, 100, 100)
    assert of("solved").faster == 2.0 and of("drawn").faster == 1.0
    assert waiting(base, mine) == (150, 150, 150, 150)
    low = replace(base, new=(0.1,) * 5)
    assert waiting(low, mine) == (math.inf,) * 4


def test_gaps_are_what_is_missing_of_the_oracle_on_the_way():
    gaps = of("drawn").gaps
    assert gaps.stability.mean == pytest.approx(0)
    assert gaps.plasticity.mean == pytest.approx(1 - 0.3 / 0.8)  # the mean of the readings is 0.3
    assert gaps.knowledge.mean == pytest.approx(1 - (0.75 * 0.8 + 0.25 * 0.3) / 0.8)
    assert of("solved").at_once.mean == 0.39


def test_what_was_not_finished_is_not_counted():
    lost = replace(RESULTS.cells[3], outcome=None, failure="lost")
    found = switches(replace(RESULTS, cells=(*RESULTS.cells[:3], lost, *RESULTS.cells[4:])), GRID)
    assert found.of("solved")[0].runs == 1 and found.gain.mean == pytest.approx(0.1)
    none = switches(replace(RESULTS, cells=tuple(replace(c, outcome=None) for c in RESULTS.cells)), GRID)
    assert math.isnan(none.gain.mean) and math.isnan(none.of("solved")[0].faster)


def test_a_label_that_is_not_there_is_refused_with_the_nearest():
    with pytest.raises(InputError, match=r"unknown label 'solvd, a'\. Did you mean 'solved, a'"):
        switches(RESULTS, replace(GRID, contender="solvd"))
