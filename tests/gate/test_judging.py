"""The verdict on numbers worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from scipy.stats import beta

from onward.gate.classes import pooled
from onward.gate.evidence import Evidence
from onward.gate.judging import judged
from onward.gate.rules import Budget, Gate, Slice
from onward.gate.verdict import Finding, Verdict
from onward.record import Cost, Measure, Score, Share

LOOSE = Gate(margin=1.0, negative_flips=1.0)


def measure(n: int, negative: int, positive: int, before: float = 0.9, **facts) -> Measure:
    """A child beside a parent, on n examples of which so many flipped."""
    told = {"test": "t", "old": True} | facts
    now = before - (negative - positive) / n
    share = (negative / n, positive / n)
    return Measure(
        **told, examples=n, accuracy=now, parent_accuracy=before, negative_flips=share[0], positive_flips=share[1]
    )


def first(test: str = "t", old: bool = True) -> Measure:
    return Measure(test, 100, 0.1, old=old)


def verdict(gate: Gate, *measures: Measure, **facts) -> Verdict:
    return judged(gate, Evidence(measures, **facts))


def statuses(found: Verdict) -> list[str]:
    return [finding.status for finding in found.findings]


def only(found: Verdict) -> Finding:
    (finding,) = found.findings
    return finding


@pytest.mark.parametrize(
    ("margin", "negative", "positive", "status"),
    [
        (0.0, 0, 0, "pass"),
        (0.0, 4, 0, "pass"),  # McNemar: 1/16
        (0.0, 5, 0, "fail"),  # 1/32
        (0.0, 120, 100, "pass"),  # a fall by 2 points that chance may well make
        (0.01, 10, 0, "pass"),
        (0.01, 30, 15, "pass"),  # 1.5 points, and its lower bound is 0.5
        (0.01, 40, 10, "fail"),  # 3 points, and its lower bound is 1.8
        (0.01, 5, 300, "pass"),
        (1.0, 900, 0, "pass"),
    ],
)
def test_accuracy_is_found_to_have_fallen_where_the_data_say_so(margin, negative, positive, status):
    found = verdict(Gate(margin=margin, negative_flips=1.0), measure(1000, negative, positive, before=0.95))
    accuracy, flips = found.findings
    assert (accuracy.status, flips.status) == (status, "pass")
    assert accuracy.value == pytest.approx((negative - positive) / 1000) and accuracy.limit == margin
    assert found.passed is (status == "pass")


@pytest.mark.parametrize(("negative", "status"), [(20, "pass"), (24, "pass"), (64, "fail"), (61, "pass")])
def test_negative_flips_are_too_many_where_their_lower_bound_is(negative, status):
    # Clopper and Pearson's lower bound of 61, 64 in 1000 is 0.0489, 0.0517.
    lower = beta.ppf(0.05, negative, 1000 - negative + 1)
    assert bool(lower > 0.05) is (status == "fail")
    found = verdict(Gate(margin=1.0), measure(1000, negative, negative)).findings[1]
    assert (found.rule, found.status, found.limit) == ("negative flips on t", status, 0.05)
    assert found.value == pytest.approx(negative / 1000) and f"[{100 * lower:.1f}, " in found.told


def test_one_flip_breaks_a_rule_that_allows_none():
    gate = Gate(margin=1.0, negative_flips=0.0)
    assert statuses(verdict(gate, measure(1000, 1, 5))) == ["pass", "fail"]
    assert statuses(verdict(gate, measure(1000, 0, 5))) == ["pass", "pass"]


def test_findings_say_rule_and_numbers():
    found = verdict(Gate(margin=0.015), measure(1000, 112, 7, before=0.976, test="a.npz"))
    accuracy, flips = found.findings
    assert accuracy.rule == "accuracy on a.npz" and flips.rule == "negative flips on a.npz"
    assert accuracy.told == "97.6 -> 87.1 %, fall 10.5 [8.8, 12.2], may be 1.5"
    assert flips.told == "11.2 % [9.6, 13.0] right before and wrong now, may be 5"
    assert (found.told, found.word) == ("0 of 2 rules hold, 2 broken", "FAIL")


@pytest.mark.parametrize("n", [1, 20])
def test_a_test_set_too_small_to_tell_is_unchecked_with_what_it_can_tell(n):
    found = verdict(Gate(), measure(n, 0, 0))
    assert statuses(found) == ["unchecked", "unchecked"] and found.word == "UNCHECKED" and found.passed
    assert ("1 example can tell 100.0" if n == 1 else f"{n} examples can tell ") in found.findings[0].told
    assert found.findings[0].value == 0.0  # it is measured all the same


def test_a_hundred_examples_tell_a_fall_of_eight_points():
    # step = (1.6449 + 0.8416) / 10, d = ((step + √(step² + 0.04)) / 2)² = 0.0805; ψ = 0.05 gives 0.0656
    told = verdict(Gate(), measure(100, 3, 2)).findings[0].told
    assert (
        told
        == "90.0 -> 89.0 %, fall 1.0 [-3.0, 5.0], may be 1; 100 examples can tell 8.1 or more, too few to check this"
    )


def test_a_small_test_set_breaks_a_rule_all_the_same():
    assert statuses(verdict(Gate(), measure(40, 20, 0))) == ["fail", "fail"]


def test_many_examples_that_differ_hide_a_fall_and_so_the_rule_is_unchecked():
    # d = 0.01 + 2.486 √(0.4 / 400) = 0.089
    assert statuses(verdict(Gate(negative_flips=1.0), measure(400, 80, 80))) == ["unchecked", "pass"]
    assert statuses(verdict(Gate(negative_flips=1.0), measure(4000, 800, 800))) == ["pass", "pass"]


def test_a_rise_needs_no_more_examples():
    gate = Gate(negative_flips=1.0)
    assert statuses(verdict(gate, measure(50, 3, 20, before=0.5))) == ["pass", "pass"]
    assert statuses(verdict(gate, measure(50, 3, 3, before=0.5))) == ["unchecked", "pass"]


def test_flips_so_few_that_they_rule_a_fall_out_need_no_more_examples():
    # No flip of 50: with probability 0.95 fewer than 1 − 0.05^(1/50) = 5.8 % flip, and so accuracy fell by less.
    assert statuses(verdict(Gate(), measure(50, 0, 0))) == ["pass", "pass"]
    assert statuses(verdict(Gate(), measure(48, 0, 0))) == ["unchecked", "pass"]  # 6.05 %


def test_a_margin_that_nothing_can_break_holds_on_one_example():
    assert statuses(verdict(LOOSE, measure(1, 1, 0, before=1.0))) == ["pass", "pass"]


def test_one_broken_rule_of_many_fails():
    found = verdict(Gate(), measure(1000, 0, 0), measure(1000, 90, 90), measure(1000, 0, 50))
    assert statuses(found) == ["pass", "pass", "pass", "fail", "pass", "pass"]
    assert found.told == "5 of 6 rules hold, 1 broken" and not found.passed


def test_new_test_sets_are_not_judged():
    found = verdict(Gate(), measure(1000, 800, 0, old=False), measure(1000, 0, 0))
    assert statuses(found) == ["pass", "pass"] and found.told == "2 of 2 rules hold"


@pytest.mark.parametrize("measures", [(), (measure(1000, 800, 0, old=False),)])
def test_without_an_old_test_set_nothing_could_be_checked(measures):
    found = verdict(Gate(), *measures)
    assert only(found).status == "unchecked" and only(found).told.endswith("give one with --test")
    assert (found.word, found.passed, found.told) == ("UNCHECKED", True, "0 of 1 rules hold, 1 could not be checked")


def test_what_could_not_be_checked_stops_a_child_where_the_lineage_asks_for_it():
    found = verdict(Gate(unchecked="fail"))
    assert (found.word, found.passed, found.unchecked) == ("FAIL", False, 1)
    assert verdict(Gate(unchecked="fail"), measure(1000, 0, 0)).passed


def test_a_missing_test_set_is_no_pass_and_hides_no_broken_rule():
    found = verdict(Gate(), measure(1000, 0, 0), missing=("gone.npz",))
    assert found.findings[2] == Finding("accuracy on gone.npz", "unchecked", "the test set cannot be read")
    assert (found.told, found.word) == ("2 of 3 rules hold, 1 could not be checked", "PASS")
    assert verdict(Gate(), missing=("gone.npz",)).word == "UNCHECKED"
    assert verdict(Gate(), measure(1000, 200, 0), missing=("gone.npz",)).word == "FAIL"


def test_a_parent_without_classes_leaves_nothing_to_fall_behind():
    finding = only(verdict(Gate(margin=0.0, negative_flips=0.0), first()))
    assert finding == Finding("accuracy on t", "pass", "the parent knew no class; there is nothing to fall behind")


def scored(n: int, **flips: tuple[int, int]) -> Measure:
    """An old test set of n examples a class; of each the parent had 90 % right, and so many flipped."""
    scores = {name: Score(n, int(0.9 * n) - b + c, int(0.9 * n), b) for name, (b, c) in flips.items()}
    b, c = map(sum, zip(*flips.values(), strict=True))
    return measure(n * len(flips), b, c, by_class=scores)


def test_a_class_that_fell_beyond_its_margin_is_named():
    gate = replace(LOOSE, class_margin=0.05)
    found = verdict(gate, scored(1000, cat=(200, 10), dog=(20, 20), cow=(0, 0))).findings[2]
    assert (found.rule, found.status) == ("accuracy of each class on old tests", "fail")
    assert found.told == "cat 90.0 -> 71.0 %, may fall by 5" and found.value == pytest.approx(0.19)
    held = verdict(gate, scored(1000, cat=(30, 20), dog=(20, 20))).findings[2]
    assert (held.status, held.told) == ("pass", "most: cat 90.0 -> 89.0 %, may fall by 5")


def test_one_class_of_many_must_fall_further_to_be_told_from_chance():
    # 6 of 6 flips are negative: p = 1/64, below 0.05 and above 0.05 / 10.
    gate = replace(LOOSE, class_margin=0.0)
    alone = verdict(gate, scored(2000, cat=(6, 0))).findings[2]
    among = verdict(gate, scored(2000, cat=(6, 0), **{f"c{k}": (0, 0) for k in range(9)})).findings[2]
    assert (alone.status, among.status) == ("fail", "pass")


def test_classes_of_a_few_examples_are_unchecked_and_named():
    small, large = scored(20, rare=(1, 0)), scored(2000, common=(1, 0))
    found = verdict(replace(LOOSE, class_margin=0.02), small, large).findings[-1]
    assert found.status == "unchecked" and "too few examples of 1 class to check this: rare" in found.told
    assert verdict(replace(LOOSE, class_margin=0.02)).findings[-1].status == "unchecked"


def test_classes_are_pooled_over_test_sets():
    one = measure(10, 1, 0, by_class={"cat": Score(10, 8, 9, 1), "dog": Score(5, 5, 5, 0)})
    other = measure(20, 2, 0, by_class={"cat": Score(20, 15, 17, 2)})
    assert pooled([one, other]) == {"cat": Score(30, 23, 26, 3), "dog": Score(5, 5, 5, 0)}
    unjudged = replace(other, by_class={"cat": Score(20, 15)})
    assert pooled([one, unjudged])["cat"] == Score(30, 23)


def test_a_floor_is_asked_of_the_measured_number_over_all_test_sets():
    gate = replace(LOOSE, class_floors={"cat": 0.8, "dog": 0.8, "bird": 0.5})
    old = measure(10, 0, 0, by_class={"cat": Score(10, 9)})
    new = measure(10, 0, 0, test="n", old=False, by_class={"cat": Score(10, 7), "dog": Score(4, 3)})
    cat, dog, bird = verdict(gate, old, new).findings[2:]
    assert (cat.rule, cat.status, cat.value, cat.limit) == ("accuracy of class cat", "pass", 0.8, 0.8)  # 16 of 20
    assert (dog.status, dog.told) == ("fail", "75.0 % of 4 examples, must be 80")
    assert (bird.status, bird.limit, bird.value) == ("unchecked", 0.5, None) and "--test" in bird.told


def test_a_slice_has_rules_of_its_own():
    gate = replace(LOOSE, slices={"night": Slice("n.npz", floor=0.85, margin=0.02), "fog": Slice("f.npz", floor=0.5)})
    night = measure(1000, 80, 10, test="n.npz", old=False, slice="night")
    found = verdict(gate, night)
    assert [(finding.rule, finding.status) for finding in found.findings] == [
        ("accuracy on old data", "unchecked"),
        ("accuracy on slice night", "fail"),  # 83 % is below its floor
        ("accuracy on slice night", "fail"),  # and 7 points below the parent
        ("accuracy on slice fog", "unchecked"),
    ]
    assert found.findings[3].told == "the test set f.npz cannot be read"
    assert verdict(gate, night, missing=("f.npz",)) == found  # it is told of once
    held = verdict(replace(gate, slices={"night": Slice("n.npz", margin=0.1)}), night)
    assert statuses(held)[1:] == ["pass"] and held.word == "PASS"


def test_a_slice_that_the_parent_could_not_be_judged_on_has_its_floor_alone():
    gate = replace(LOOSE, slices={"night": Slice("n.npz", floor=0.5, margin=0.0)})
    found = verdict(gate, replace(first("n.npz"), slice="night", accuracy=0.6)).findings[1:]
    assert [finding.status for finding in found] == ["pass", "pass"] and "knew no class" in found[1].told


def test_a_test_set_of_the_lineage_may_be_a_slice_as_well():
    gate = Gate(slices={"night": Slice("n.npz", floor=0.95), "late": Slice("n.npz", margin=0.5)})
    found = verdict(gate, measure(1000, 0, 0, test="n.npz"))
    assert statuses(found) == ["pass", "pass", "fail", "pass"]


def test_slices_do_not_count_among_the_classes():
    night = measure(10, 0, 0, slice="night", by_class={"cat": Score(10, 0, 0, 0)})
    assert verdict(replace(LOOSE, class_floors={"cat": 0.5}), night).findings[-1].status == "unchecked"


COST = Cost(samples=10, forward_flops=400, backward_flops=600, seconds=2.0)


@pytest.mark.parametrize(
    ("budget", "status", "value", "told"),
    [
        (Budget(share_of_scratch=0.2), "pass", 0.1, "0.1 of training from scratch (projected), may be 0.2"),
        (Budget(share_of_scratch=0.05), "fail", 0.1, "0.1 of training from scratch (projected), may be 0.05"),
        (Budget(seconds=2.0), "pass", 2.0, "2 seconds, may be 2"),
        (Budget(seconds=1.9), "fail", 2.0, "2 seconds, may be 1.9"),
        (Budget(flops=1000), "pass", 1000.0, "1000 FLOPs, may be 1000"),
        (Budget(flops=999), "fail", 1000.0, "1000 FLOPs, may be 999"),
        (Budget(latency=1.2), "fail", 1.25, "1.25 of the parent's time to predict, may be 1.2"),
        (Budget(parameters=1.1), "pass", 1.1, "1.1 of the parent's parameters, may be 1.1"),
    ],
)
def test_what_was_spent_is_held_against_the_budget(budget, status, value, told):
    share = Share(0.1, "projected", "2 passes over all 5 examples so far")
    found = judged(
        Gate(budget=budget), Evidence((measure(1000, 0, 0),), cost=COST, share=share, latency=1.25, parameters=1.1)
    )
    spent = found.findings[2]
    assert (spent.status, spent.value, spent.told) == (status, value, told) and spent.rule.startswith("budget: ")


def test_what_was_not_measured_is_unchecked_and_what_has_no_limit_is_not_asked():
    every = Budget(share_of_scratch=1, seconds=1, flops=1, latency=1, parameters=1)
    found = verdict(Gate(budget=every), measure(1000, 0, 0))
    assert statuses(found) == ["pass"] * 2 + ["unchecked"] * 5 and found.word == "PASS"
    assert found.findings[3].told == "not known, may be 1 seconds"
    assert len(verdict(Gate(), measure(1000, 0, 0), cost=COST).findings) == 2


def test_a_budget_alone_does_not_make_a_pass_of_accuracy_unchecked():
    assert verdict(Gate(budget=Budget(seconds=3)), cost=COST).word == "UNCHECKED"


def test_a_verdict_of_an_old_card_reads_as_it_did():
    old = Verdict((Finding("accuracy on a.npz", "pass", "90.0 -> 90.0 %, may fall by 1"),))
    assert (old.word, old.passed, old.unchecked, old.findings[0].value) == ("PASS", True, 0, None)
