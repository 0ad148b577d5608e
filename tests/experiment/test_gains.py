from __future__ import annotations

import math
from dataclasses import replace

import pytest
from tests.experiment.story import ran

from onward.errors import InputError
from onward.experiment.gains import Ends, Roles, ahead, closed, compared, gain
from onward.experiment.results import CellResult, Results
from onward.record import Cost

ROLES = Roles("new", baseline="warm", oracle="all", allowed_more=("hoarder",))
T_2 = 12.7062  # Student's t for 97.5 % and one degree of freedom


def run(label: str, seed: int, *after: float) -> CellResult:
    """A run through a stream with one test set for all, with these accuracies after its updates."""
    return ran(label, seed, [[value] * len(after) for value in after])


# Finals by seed: warm 0.4 0.5; new 0.6 0.6; old 0.5 0.6; hoarder 0.7 0.9; all 0.8 0.9.
RESULTS = Results(
    "by hand",
    (
        run("warm", 0, 0.2, 0.3, 0.4), run("warm", 1, 0.2, 0.3, 0.5),
        run("new", 0, 0.2, 0.4, 0.6), run("new", 1, 0.2, 0.1, 0.6),
        run("old", 0, 0.2, 0.3, 0.5), run("old", 1, 0.2, 0.3, 0.6),
        run("hoarder", 0, 0.2, 0.5, 0.7), run("hoarder", 1, 0.2, 0.5, 0.9),
        run("all", 0, 0.2, 0.5, 0.8), run("all", 1, 0.2, 0.5, 0.9),
    ),
)  # fmt: skip


def without(*failed: tuple[str, int]) -> Results:
    """The results as if these runs had failed."""
    cells = (
        replace(cell, outcome=None, failure="lost") if (cell.label, cell.seed) in failed else cell
        for cell in RESULTS.cells
    )
    return Results(RESULTS.name, tuple(cells))


def test_standing_tells_the_last_accuracy_and_the_mean_over_the_updates():
    new = compared(RESULTS, ROLES).of("new")
    assert (new.label, new.runs) == ("new", 2)
    assert new.final == pytest.approx((0.6, 0.0))
    # (0.2 + 0.4 + 0.6) / 3 and (0.2 + 0.1 + 0.6) / 3 are 0.4 and 0.3: s / sqrt 2 is 0.05.
    assert new.average == pytest.approx((0.35, T_2 * 0.05), rel=1e-5)


def test_gain_is_paired_by_seed():
    # 0.2 and 0.1: s / sqrt 2 is 0.05. Unpaired, the baseline's own spread would be in it too.
    assert compared(RESULTS, ROLES).of("new").gain == pytest.approx((0.15, T_2 * 0.05), rel=1e-5)


def test_gap_is_closed_by_seed_and_then_averaged():
    # 0.2 of 0.4 and 0.1 of 0.4: a half and a quarter.
    assert compared(RESULTS, ROLES).of("new").closed == pytest.approx((0.375, T_2 * 0.125), rel=1e-5)
    assert compared(RESULTS, ROLES).of("all").closed == pytest.approx((1.0, 0.0))
    assert compared(RESULTS, ROLES).of("warm").closed == pytest.approx((0.0, 0.0))


def test_share_of_no_gap_is_not_defined():
    level = Results("level", (*(each for each in RESULTS.cells if each.label != "all"), run("all", 0, 0.4)))
    assert all(math.isnan(value) for value in closed(level, "new", ROLES))


def test_seeds_that_only_one_of_a_pair_finished_do_not_count():
    mean, half_width = gain(without(("warm", 1)), "new", "warm")
    assert mean == pytest.approx(0.2) and math.isnan(half_width)
    assert closed(without(("all", 0)), "new", ROLES).mean == pytest.approx(0.25)
    assert math.isnan(gain(without(("warm", 1), ("new", 0)), "new", "warm").mean)


def test_next_best_is_neither_the_oracle_nor_one_that_is_allowed_more():
    lead = ahead(RESULTS, ROLES)
    assert lead.rival == "old"
    # 0.1 and 0.0.
    assert lead.by == pytest.approx((0.05, T_2 * 0.05), rel=1e-5)
    assert not lead.clear
    behind = ahead(RESULTS, Roles("new", "warm", "all"))
    assert behind.rival == "hoarder" and behind.by.mean == pytest.approx(-0.2)


def test_lead_that_is_the_same_for_every_seed_is_clear_of_0():
    same = Results("same", (run("a", 0, 0.5), run("a", 1, 0.7), run("b", 0, 0.25), run("b", 1, 0.45), run("c", 0, 1.0)))
    lead = ahead(same, Roles("a", "b", "c"))
    assert lead.by == pytest.approx((0.25, 0.0)) and lead.clear
    assert not ahead(Results("one", same.cells[::2]), Roles("a", "b", "c")).clear  # one seed has no interval


def test_nobody_is_led_where_the_contender_or_every_rival_failed():
    assert ahead(without(("new", 0), ("new", 1)), ROLES) is None
    assert ahead(without(*((label, seed) for label in ("warm", "old") for seed in (0, 1))), ROLES) is None


def test_cost_is_that_of_the_second_and_of_the_last_update():
    costs = ((5, 9.0, 0), (10, 1.0, 0), (20, 3.0, 0), (30, 4.0, 64))  # samples, seconds, kept bytes
    cells = []
    for seed in (0, 1):
        cell = run("warm", seed, 0.1, 0.2, 0.3, 0.4)
        bills = tuple(Cost(samples=n * (seed + 1), seconds=s, kept_bytes=b) for n, s, b in costs)
        cells.append(replace(cell, outcome=replace(cell.outcome, costs=bills)))
    standing = compared(Results("costs", tuple(cells)), Roles("warm", "warm", "warm")).of("warm")
    assert standing.samples == Ends(15.0, 45.0)  # the mean of 10 and 20, of 30 and 60
    assert standing.seconds == Ends(1.0, 4.0)
    assert standing.kept_bytes == 64.0
    single = compared(Results("single", (run("warm", 0, 0.5),)), Roles("warm", "warm", "warm")).of("warm")
    assert all(math.isnan(samples) for samples in single.samples)


def test_convergence_is_told_of_all_updates_of_all_runs_together():
    """Of three updates one fell by 1 of 9 at its end, one by 2 of 2, one by nothing of 1: 3 of 12."""
    cell = run("warm", 0, 0.1, 0.2)
    learned = replace(cell.outcome, learning=(tuple(range(9, -1, -1)), (*[3] * 9, 1)))
    other = replace(cell.outcome, learning=((2, *[1] * 9), ()))
    results = Results("learned", (replace(cell, outcome=learned), replace(cell, seed=1, outcome=other)))
    assert compared(results, Roles("warm", "warm", "warm")).of("warm").still_falling == pytest.approx(0.25)
    assert math.isnan(compared(RESULTS, ROLES).of("warm").still_falling)


def test_label_that_is_not_among_the_results_is_refused():
    with pytest.raises(InputError, match=r"unknown label 'wram'\. Did you mean 'warm'"):
        compared(RESULTS, Roles("new", "wram", "all"))
