from __future__ import annotations

import math
from dataclasses import replace

import pytest
from tests.experiment.story import outcome

from onward.errors import InputError
from onward.experiment.growth import Growth, divided, grew
from onward.experiment.results import CellResult, Results

GROWTH = Growth(
    "grown", rivals=("frozen", "not run"), near=("tuned",), exact=("grown",), steps={"grown twice": "grown"}
)


def run(label: str, seed: int, target: float, source: float, within: float, size: int = 150) -> CellResult:
    """A run whose source has 0.9 before the target comes, of a network of 100 parameters before."""
    came = outcome([[0.9], [source, target]])
    came = replace(came, within=((0.9,), (within, target + 0.05)), parameters=(100, size), tested=(30, 10))
    return CellResult(label, label, seed, came)


def at_once(label: str, seed: int) -> CellResult:
    return CellResult(label, label, seed, replace(outcome([[0.8]]), within=((0.8,),), parameters=(90,)))


RESULTS = Results(
    "by hand",
    (
        run("grown, far", 0, target=0.6, source=0.5, within=0.9),
        run("grown, far", 1, target=0.8, source=0.7, within=0.9),
        run("grown, near", 0, target=0.7, source=0.6, within=0.8),
        run("frozen, far", 0, target=0.5, source=0.9, within=0.9, size=110),
        run("frozen, far", 1, target=0.4, source=0.9, within=0.9, size=110),
        run("frozen, near", 0, target=0.75, source=0.9, within=0.9, size=110),
        run("tuned, near", 0, target=0.7, source=0.2, within=0.3, size=110),
        run("grown twice, far", 1, target=0.7, source=0.7, within=0.9),
        at_once("all, far", 0),
    ),
)


def test_a_label_is_a_method_and_its_cell():
    assert divided("grown, Fashion-MNIST 10 %") == ("grown", "Fashion-MNIST 10 %")
    assert divided("grown") == ("grown", "")


def test_a_method_is_told_over_its_runs():
    far = grew(RESULTS, GROWTH).of("grown")[0]
    assert (far.cell, far.runs, far.kept) == ("far", 2, 2)
    assert [far.target.mean, far.target_within.mean] == pytest.approx([0.7, 0.75])
    assert [far.source_before.mean, far.source.mean, far.source_within.mean] == pytest.approx([0.9, 0.6, 0.9])
    assert far.final.mean == pytest.approx(
        (0.75 * 0.5 + 0.25 * 0.6 + 0.75 * 0.7 + 0.25 * 0.8) / 2
    )  # 30 and 10 examples
    assert (far.added, far.times, far.seconds) == (50, 1.5, 1.0)


def test_a_source_that_says_something_else_is_not_counted_as_kept():
    assert grew(RESULTS, GROWTH).of("grown")[1].kept == 0


def test_of_all_data_at_once_only_the_whole_is_known():
    one = grew(RESULTS, GROWTH).of("all")[0]
    assert (one.runs, one.kept, one.final.mean) == (1, 0, 0.8)
    assert all(math.isnan(value) for value in (one.target.mean, one.source.mean, one.added, one.times))


def test_leads_are_paired_by_seed_in_every_cell_where_both_were_run():
    found = grew(RESULTS, GROWTH)
    assert found.cells == ("far", "near")
    assert [(each.other, each.cell) for each in found.leads] == [
        ("frozen", "far"),
        ("frozen", "near"),
        ("tuned", "near"),
    ]
    assert [each.by.mean for each in found.leads] == pytest.approx([(0.1 + 0.4) / 2, -0.05, 0.0])
    assert [each.cell for each in found.over(("tuned",))] == ["near"]
    # Two differences of 0.1 and 0.4: half width 12.706 * 0.2121 / sqrt(2).
    assert found.leads[0].by.half_width == pytest.approx(1.906, abs=1e-3) and not found.leads[0].clear
    (steps,) = found.steps
    assert (steps.method, steps.other, steps.cell) == ("grown twice", "grown", "far")
    assert steps.by.mean == pytest.approx(-0.1)


def test_halves_of_one_data_set_are_compared_on_all_tests():
    whole = grew(RESULTS, replace(GROWTH, whole=True))
    # grown: 0.525 and 0.725 of 40 tests; frozen: 0.8 and 0.775.
    assert whole.leads[0].by.mean == pytest.approx((0.525 - 0.8 + 0.725 - 0.775) / 2)


def test_a_contender_that_is_not_there_is_named():
    with pytest.raises(InputError, match="unknown label 'grow'"):
        grew(RESULTS, Growth("grow"))
