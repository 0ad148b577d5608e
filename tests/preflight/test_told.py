"""The lines of a preflight."""

from __future__ import annotations

from onward.preflight.facts import Preflight, Shift
from onward.preflight.told import lines


def test_what_arrived_is_counted_in_the_first_line():
    some = Preflight(300, counts={"2": 100, "3": 100, "4": 100}, old=("2",), new=("3", "4"), missing=("0", "1"))
    assert lines(some)[0] == ("preflight", "300 new examples · 2 new classes (3, 4) · 1 of 3 old classes present")
    assert lines(Preflight(1, old=("2",)))[0][1] == "1 new example · no new class · 1 of 1 old class present"
    assert lines(Preflight(7, new=("a",)))[0][1] == "7 new examples · 1 new class (a)"


def test_what_is_odd_comes_next_and_only_where_it_is():
    odd = Preflight(9, imbalance=2.5, duplicates=2, contradictions=1, overlap={"a": 3, "b": 0}, unlabeled=1, corrupt=4)
    assert lines(odd)[1] == (
        "",
        "the largest class 2.5 times the smallest · 2 duplicates · 1 contradictory label · 1 unlabeled file · "
        "4 corrupt files · 3 examples also in a",
    )
    assert [word for word, _ in lines(Preflight(9))] == ["preflight", "scenario"]


def test_scenario_shift_and_warnings_have_lines_of_their_own():
    facts = Preflight(9, scenario="new classes", shift=Shift("not checked"), warnings=("first", "second"))
    assert lines(facts)[1:] == [
        ("scenario", "new classes; methods that fit: replay, lwf | replay, refit_head, joint"),
        ("shift", "not checked"),
        ("warning", "first"),
        ("warning", "second"),
    ]


def test_where_no_example_may_be_kept_no_method_that_keeps_some_is_said_to_fit():
    same, new = (Preflight(9, scenario=scenario) for scenario in ("same classes", "new classes"))
    assert lines(same)[1][1] == "same classes; methods that fit: warm_start, ckca, ewc, lwf, replay, joint"
    assert lines(same, exemplar_free=True)[1][1] == "same classes; methods that fit: warm_start, ckca, ewc, lwf"
    assert lines(new, exemplar_free=True)[1][1] == "new classes; methods that fit: refit_head"
