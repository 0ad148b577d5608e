from __future__ import annotations

from dataclasses import replace

from tests.experiment.test_growth import GROWTH, RESULTS, run

from onward.experiment.growth import Growth, grew
from onward.experiment.results import Results
from onward.reproduction.account import account
from onward.reproduction.claim import Claim, Reproduction
from onward.reproduction.growth_told import lines

CLAIM = Claim("Some 2020, A Paper", "arXiv:0000.00000", "80 %, somewhere", "somewhere")


def told(growth: Growth = GROWTH, results: Results = RESULTS) -> list[tuple[str, str]]:
    return list(lines(Reproduction("mine", "a title", CLAIM, "no text", growth), grew(results, growth)))


def test_source_target_size_and_steps_are_told_with_what_was_aimed_at():
    assert told() == [  # the numbers are derived in test_growth of experiment
        ("claim", "80 %, somewhere (Some 2020, A Paper, arXiv:0000.00000)"),
        ("source", "among the source's classes grown has the accuracy from before in 2 of 3 runs"),
        ("ahead", "grown is ahead of frozen in 1 of 2 cells; not in near (-5.00)"),
        ("ahead", "grown is ahead of not run: not known, it was not run"),
        ("near", "grown is at most 0.5 points behind tuned in 1 of 1 cell"),
        ("size", "grown has at most 1.50 times its parameters in the end; aim: at most 2, held"),
        ("two steps", "grown twice is 10.00 points below grown, far; one seed has no interval"),
        ("caveat", "no text"),
    ]


def test_an_aim_is_held_or_not():
    one = Results("one", (run("grown", 0, target=0.8, source=0.6, within=0.9, size=210),))
    said = dict(told(Growth("grown", aims={"grown": 0.65}), one))
    assert said["aim"] == "grown ends at 65.00 % of all tests; aim: at least 65.00, held"  # 0.75 * 0.6 + 0.25 * 0.8
    assert said["size"].endswith("at most 2.10 times its parameters in the end; aim: at most 2, not held")
    higher = dict(told(Growth("grown", aims={"grown": 0.66}), one))
    assert higher["aim"].endswith("aim: at least 66.00, not held")


def test_two_steps_are_told_with_their_interval():
    twice = Results("two", (*RESULTS.cells, run("grown twice, far", 0, target=0.5, source=0.5, within=0.9)))
    said = dict(told(results=twice))
    assert said["two steps"] == "grown twice is 10.00 points below grown, far: the 95 % interval is clear of 0"


def test_an_account_of_growth_has_table_file_and_values(tmp_path):
    found = account(Reproduction("mine", "a title", CLAIM, "", GROWTH), RESULTS)
    (table,) = found.tables
    assert table.row_count == len(RESULTS.by_label) + 2  # and a line for each cell
    found.export(tmp_path)
    assert len((tmp_path / "comparison.csv").read_text().splitlines()) == len(RESULTS.by_label) + 1
    assert found.values()["growth"]["contender"] == "grown"
    assert list(found.lines)[-1][0] == "two steps"  # no caveat
    assert found.picture(tmp_path).exists()


def test_what_was_never_finished_is_not_known():
    failed = Results("none", (replace(RESULTS.cells[0], outcome=None),))
    assert dict(told(Growth("grown", aims={"grown": 0.5}), failed))["aim"] == (
        "not known: no seed was finished by all that are compared"
    )
