from __future__ import annotations

from dataclasses import replace

import pytest
from tests.experiment.test_gains import RESULTS, ROLES, run, without

from onward.experiment.gains import Roles, compared
from onward.experiment.results import Results
from onward.reproduction.claim import Claim, Reproduction
from onward.reproduction.told import lines

CLAIM = Claim("Some 2020, A Paper", "arXiv:0000.00000", "up to +5.00 points, somewhere", "somewhere", 5.0)
REPRODUCTION = Reproduction("mine", "a title", CLAIM, "no truth in it", ROLES)


def told(results: Results, reproduction: Reproduction = REPRODUCTION) -> dict[str, str]:
    return dict(lines(reproduction, compared(results, reproduction.roles)))


def test_what_came_stands_beside_what_was_published():
    assert told(RESULTS) == {
        "claim": "up to +5.00 points, somewhere (Some 2020, A Paper, arXiv:0000.00000)",
        # The numbers are derived in test_gains.
        "here": "new is 15.00 ± 63.53 points above warm; published: up to +5.00 on somewhere",
        "gap": "new closes 37.5 ± 158.8 % of the gap from warm to all",
        "next best": "new is 5.00 ± 63.53 points ahead of old: the 95 % interval holds 0",
        "caveat": "no truth in it",
    }
    assert "caveat" not in told(RESULTS, replace(REPRODUCTION, caveat=""))


def test_what_fell_short_is_told_as_plainly():
    warm = replace(REPRODUCTION, roles=Roles("warm", baseline="new", oracle="all"))
    assert told(RESULTS, warm)["here"].startswith("warm is 15.00 ± 63.53 points below new")
    results = Results("level", (run("a", 0, 0.25), run("a", 1, 0.25), run("b", 0, 0.5), run("b", 1, 0.5)))
    behind = told(results, replace(REPRODUCTION, roles=Roles("a", "b", "b")))
    assert behind["next best"] == "not known: no seed was finished by all that are compared"  # b is the oracle as well
    results = Results("behind", (*results.cells, run("c", 0, 0.9), run("c", 1, 0.9)))
    behind = told(results, replace(REPRODUCTION, roles=Roles("a", "b", "c")))
    assert behind["next best"] == "a is 25.00 points behind b: the 95 % interval is clear of 0"


def test_one_seed_has_no_interval():
    said = told(without(*((label, 1) for label in RESULTS.by_label)))
    assert said["here"].startswith("new is 20.00 points above warm;")
    assert said["next best"] == "new is 10.00 points ahead of old; one seed has no interval"


@pytest.mark.parametrize(("word", "failed"), [("here", "warm"), ("gap", "all"), ("next best", "new")])
def test_what_no_seed_finished_is_not_known(word, failed):
    assert told(without((failed, 0), (failed, 1)))[word].startswith("not known: ")
