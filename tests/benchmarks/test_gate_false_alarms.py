"""What the benchmark counts, on outcomes made up and on a world of a few made-up images."""

from __future__ import annotations

import pytest
import torch

from onward.record import Measure
from onward.rng import generator
from onward.types import Examples


def measure(n: int, negative: int, positive: int) -> Measure:
    return Measure("t", n, 0.9 - (negative - positive) / n, 0.9, negative / n, positive / n, True)


def outcome(bench, old: tuple[int, int], true_fall: float):
    return bench.Outcome(measure(1000, *old), Measure("all", 10_000, 0.9 - true_fall, 0.9, old=True))


def test_plain_numbers_refuse_what_the_test_lets_pass(bench):
    unlucky = outcome(bench, (10, 8), true_fall=0.0)
    assert bench.plainly_refused(unlucky, 0.0) and bench.plainly_refused(unlucky, 0.001)
    assert not bench.plainly_refused(unlucky, 0.002)  # just the margin
    assert not any(bench.refused(unlucky, margin) for margin in bench.MARGINS) and not bench.stopped(unlucky)


def test_a_row_counts_refusals_and_those_of_them_that_are_false(bench):
    found = [outcome(bench, (10, 8), 0.0), outcome(bench, (60, 2), 0.05), outcome(bench, (60, 2), 0.005)]
    told = bench.row(bench.TRIALS[0], found)
    assert told["refused"][0] == pytest.approx(2 / 3)
    assert told["true_fall"]["mean"] == pytest.approx(0.055 / 3) and told["true_fall"]["highest"] == pytest.approx(0.05)
    at = told["margin 0.01"]
    assert (at["plain"][0], at["test"][0]) == (pytest.approx(2 / 3), pytest.approx(2 / 3))
    assert (at["keeps the rule"], at["false alarms, plain"], at["false alarms, test"]) == (2, 1, 1)
    assert told["margin 0"]["keeps the rule"] == 1 and told["margin 0"]["false alarms, test"] == 0


def test_a_rate_stands_between_clopper_and_pearsons_bounds(bench):
    share, low, high = bench.rate([False] * 50)
    assert (share, low) == (0, 0) and high == pytest.approx(1 - 0.025 ** (1 / 50))


@pytest.mark.parametrize(("share", "wrong"), [(0.0, 0), (0.1, 20), (1.0, 200)])
def test_poison_moves_as_many_labels_on_to_the_next_class(bench, share, wrong):
    clean = Examples(torch.zeros(200, 1), torch.arange(200) % 10, tuple("0123456789"))
    targets = bench.poisoned(clean, share, 3).targets
    moved = targets != clean.targets
    assert int(moved.sum()) == wrong and torch.equal(targets[moved], (clean.targets[moved] + 1) % 10)


def test_every_update_has_its_own_arrival_and_its_own_old_test_set(bench):
    draws = generator(0, "images")
    data = Examples(torch.randint(256, (300, 1, 4, 4), generator=draws).byte(), torch.arange(300) % 3, ("a", "b", "c"))
    sizes = bench.Sizes(first=60, arrival=20, test=30, updates=3)
    given = bench.world(data, data, sizes)
    found = list(bench.outcomes(bench.TRIALS[0], given))
    assert [(each.old.examples, each.all.examples) for each in found] == [(30, 300)] * 3
    assert len({each.all.parent_accuracy for each in found}) == 1  # each begins with the same parent
    assert len({each.old.parent_accuracy for each in found}) > 1
    rows = [bench.row(trial, found) for trial in bench.TRIALS]
    assert bench.shown(rows, sizes, 1.0).row_count == len(bench.TRIALS)
    assert bench.alarms(rows).row_count == len(bench.MARGINS)
