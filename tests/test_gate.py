"""The rules of a lineage, on numbers worked out by hand."""

from __future__ import annotations

import pytest

from onward.errors import InputError
from onward.gate import Finding, Gate, Rules, Verdict, judged
from onward.record import Measure
from onward.schema import checked


def measure(before: float | None, now: float, flips: float | None = 0.0, test: str = "t", old: bool = True) -> Measure:
    return Measure(test, 100, now, before, flips, 0.0, old)


def statuses(verdict: Verdict) -> list[str]:
    return [finding.status for finding in verdict.findings]


@pytest.mark.parametrize(
    ("margin", "before", "now", "status"),
    [
        (0.01, 0.90, 0.95, "pass"),
        (0.01, 0.90, 0.90, "pass"),
        (0.01, 0.90, 0.89, "pass"),  # the boundary belongs to the rule; in floats the fall is 0.01 + 9e-18
        (0.01, 0.90, 0.88, "fail"),
        (0.01, 0.90, 0.8899, "fail"),
        (0.0, 0.5, 0.5, "pass"),
        (0.0, 0.5, 0.4999, "fail"),
        (1.0, 1.0, 0.0, "pass"),
    ],
)
def test_accuracy_may_fall_by_the_margin_and_no_more(margin, before, now, status):
    verdict = judged(Gate(margin=margin, negative_flips=1.0), [measure(before, now)])
    assert statuses(verdict) == [status, "pass"]
    assert verdict.passed is (status == "pass")


def test_the_boundary_holds_for_every_share_of_every_test_set():
    # From k right of n to k - 1 is a fall by 1 / n, whatever the floats make of the difference.
    for n in range(1, 120):
        gate = Gate(margin=1 / n, negative_flips=1.0)
        for k in range(1, n + 1):
            assert judged(gate, [measure(k / n, (k - 1) / n)]).passed
            assert k == 1 or not judged(gate, [measure(k / n, (k - 2) / n)]).passed


@pytest.mark.parametrize(
    ("allowed", "flips", "status"),
    [(0.05, 0.0, "pass"), (0.05, 5 / 100, "pass"), (0.05, 6 / 100, "fail"), (0.0, 0.001, "fail"), (1.0, 1.0, "pass")],
)
def test_negative_flips_may_be_as_many_as_allowed(allowed, flips, status):
    # As many were mended as broken: accuracy alone would not see it.
    verdict = judged(Gate(margin=0.0, negative_flips=allowed), [measure(0.9, 0.9, flips)])
    assert statuses(verdict) == ["pass", status]


def test_findings_say_rule_and_numbers():
    verdict = judged(Gate(margin=0.015, negative_flips=0.05), [measure(0.976, 0.871, 0.112, test="a.npz")])
    assert verdict.findings == (
        Finding("accuracy on a.npz", "fail", "97.6 -> 87.1 %, may fall by 1.5"),
        Finding("negative flips on a.npz", "fail", "11.2 % right before and wrong now, may be 5 %"),
    )
    assert verdict.told == "0 of 2 rules hold, 2 broken" and not verdict.passed and verdict.unchecked == 0


def test_one_broken_rule_of_many_fails():
    measures = [measure(0.9, 0.9), measure(0.9, 0.9, 0.06), measure(0.9, 0.95)]
    verdict = judged(Gate(), measures)
    assert statuses(verdict) == ["pass", "pass", "pass", "fail", "pass", "pass"]
    assert verdict.told == "5 of 6 rules hold, 1 broken" and not verdict.passed


def test_new_test_sets_are_not_judged():
    verdict = judged(Gate(), [measure(0.9, 0.1, 0.8, old=False), measure(0.9, 0.9)])
    assert statuses(verdict) == ["pass", "pass"] and verdict.told == "2 of 2 rules hold"


def test_without_an_old_test_set_nothing_could_be_checked():
    for measures in ([], [measure(0.9, 0.1, 0.8, old=False)]):
        verdict = judged(Gate(), measures)
        assert statuses(verdict) == ["unchecked"] and verdict.passed and verdict.unchecked == 1
        assert verdict.findings[0].told == "there is no old test set; give one with --test"
        assert verdict.told == "0 of 1 rules hold, 1 could not be checked"


def test_a_missing_test_set_is_no_pass():
    verdict = judged(Gate(), [measure(0.9, 0.9)], missing=["gone.npz", "far.npz"])
    assert statuses(verdict) == ["pass", "pass", "unchecked", "unchecked"] and verdict.unchecked == 2
    assert verdict.findings[2] == Finding("accuracy on gone.npz", "unchecked", "the test set cannot be read")
    assert verdict.told == "2 of 4 rules hold, 2 could not be checked"


def test_a_missing_test_set_does_not_hide_a_broken_rule():
    verdict = judged(Gate(), [measure(0.9, 0.5)], missing=["gone.npz"])
    assert not verdict.passed and verdict.told == "1 of 3 rules hold, 1 broken, 1 could not be checked"


def test_a_parent_without_classes_leaves_nothing_to_fall_behind():
    verdict = judged(Gate(margin=0.0, negative_flips=0.0), [measure(None, 0.1, None)])
    assert verdict.passed and verdict.findings == (
        Finding("accuracy on t", "pass", "the parent knew no class; there is nothing to fall behind"),
    )


def test_rules_outside_their_range_are_refused_all_at_once():
    with pytest.raises(InputError, match=r"margin must be in \[0, 1\], got -0.1; negative_flips must .* got 2"):
        Gate(margin=-0.1, negative_flips=2)
    with pytest.raises(InputError, match="margin must be in"):
        Gate(margin=float("nan"))


def test_a_file_of_rules_is_refused_with_every_problem_and_the_nearest_names():
    with pytest.raises(InputError) as refused:
        checked(Rules, {"gate": {"margn": 0.1, "negative_flips": "few"}, "gait": {}}, "lineage.toml")
    said = str(refused.value)
    assert said.startswith("lineage.toml: ")
    for part in (
        "'gate.margn'; did you mean 'margin'",
        "gate.negative_flips: ",
        "got 'few'",
        "'gait'; did you mean 'gate'",
    ):
        assert part in said
