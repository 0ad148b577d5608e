from __future__ import annotations

from dataclasses import replace

from tests.experiment.test_switches import GRID, RESULTS

from onward.experiment.switches import switches
from onward.reproduction.claim import Claim, Reproduction
from onward.reproduction.switches_told import UNKNOWN, lines

CLAIM = Claim("Some 2020, A Paper", "arXiv:0000.00000", "no spike, somewhere", "somewhere")
REPRODUCTION = Reproduction("mine", "a title", CLAIM, "not its data", GRID)


def told(results) -> dict[str, str]:
    return dict(lines(REPRODUCTION, switches(results, GRID)))


def test_spike_steps_and_accuracy_are_told_with_what_was_aimed_at():
    assert told(RESULTS) == {  # the numbers are derived in test_switches of experiment
        "claim": "no spike, somewhere (Some 2020, A Paper, arXiv:0000.00000)",
        "spike": "over its first 100 steps the loss of solved is 1.1 to 1.1 times what drawn ends with, and drawn's "
        "own is 3 to 3 times that; aim: at most 1.1, held in 0 of 1 cell",
        "steps": "solved needs 2 to 2 times fewer steps than drawn for the accuracy on new classes with which that "
        "ends, in the median; aim: 7, held in 0 of 1 cell",
        "final": "solved ends 7.50 ± 31.77 points above drawn in the mean over the cells, whose 95 % interval holds 0; "
        "at least equal in 1 of 1 cell",
        "caveat": "not its data",
    }


def test_where_nothing_was_finished_nothing_is_known():
    none = replace(RESULTS, cells=tuple(replace(cell, outcome=None) for cell in RESULTS.cells))
    assert [told(none)[word] for word in ("spike", "steps", "final")] == [UNKNOWN] * 3
