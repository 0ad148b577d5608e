from __future__ import annotations

from dataclasses import replace

from tests.experiment.test_published import PUBLISHED, RESULTS

from onward.experiment.published import Published, beside
from onward.experiment.results import Results
from onward.reproduction.claim import Claim, Reproduction
from onward.reproduction.published_told import lines

CLAIM = Claim("Some 2020, A Paper", "arXiv:0000.00000", "80 %, somewhere", "somewhere")


def told(results: Results, published: Published = PUBLISHED, caveat: str = "no program") -> dict[str, str]:
    return dict(lines(Reproduction("mine", "a title", CLAIM, caveat, published), beside(results, published)))


def test_what_came_stands_beside_what_was_printed_and_what_fell_short_is_named():
    assert told(RESULTS) == {  # the numbers are derived in test_published of experiment
        "claim": "80 %, somewhere (Some 2020, A Paper, arXiv:0000.00000)",
        "here": "ours 75.0 %, published 80.0: -2.5 of the paper's standard deviations, below",
        "table": "1 of 3 methods within 2 of the paper's standard deviations or above; below: ours (-2.5), "
        "theirs (-5.0)",
        "further": "more 60.0 %: -75 % of the way from ours to best",
        "not run": "not run",
        "caveat": "no program",
    }
    assert "caveat" not in told(RESULTS, caveat="")
    assert "further" not in told(RESULTS, replace(PUBLISHED, oracle="not run"))


def test_where_nothing_fell_short_nothing_is_named():
    best = Results("best", tuple(cell for cell in RESULTS.cells if cell.label in ("more", "best")))
    assert told(best)["table"] == "1 of 1 method within 2 of the paper's standard deviations or above"
    assert told(best)["here"] == "ours: not known, no seed was finished"
    assert told(best)["not run"] == "ours, theirs, not run"


def test_where_the_paper_compares_methods_of_others_no_method_is_its_own_and_the_reach_is_told():
    found = told(RESULTS, replace(PUBLISHED, contender="", beyond=(), widened=True))
    assert "here" not in found and "further" not in found
    reach = "within 2 of the paper's standard deviations, and our own 95 % interval, or above"
    assert found["table"] == f"2 of 3 methods {reach}; below: theirs (-5.0)"


def test_a_shorter_stream_is_told_and_not_judged():
    short = told(RESULTS, replace(PUBLISHED, tasks=20))
    assert short["here"] == "ours 75.0 %, published 80.0"
    assert short["table"] == "not judged: the published numbers are of 20 tasks, these of 2"
