"""The test of a shift on real digits: what it finds, what it leaves alone, and how seldom it errs."""

from __future__ import annotations

import pytest
import torch
from tests.engine.problems import everything
from tests.preflight.arrivals import ALL, OLD, arrived, held, of, scanned, turned, version

from onward.preflight.shift import FEWEST, shift_of
from onward.types import Examples, subset


def found(data, known=ALL, old=None, seed=0):
    return shift_of(version(known).model, data, held(known) if old is None else old, seed)


def test_the_same_digits_have_not_shifted():
    shift = found(arrived())
    # The test part has 359 digits, and more of each arrived.
    assert (shift.shifted, shift.examples, shift.against) == (False, 359, ("digits:test",))
    assert shift.statistic == pytest.approx(0.5, abs=0.06)
    assert shift.told.endswith("no shift")


@pytest.mark.parametrize("change", [turned, scanned], ids=["askew", "another scanner"])
def test_pages_that_look_otherwise_have_shifted(change):
    shift = found(change(arrived()))
    assert shift.shifted and shift.statistic > 0.9 > shift.threshold and shift.p < 1e-9
    assert shift.told.endswith("the domain has shifted")


def test_five_degrees_are_found_and_less_is_less():
    small, large = found(turned(arrived(), 5.0)), found(turned(arrived(), 15.0))
    assert small.shifted and small.statistic < large.statistic


def test_other_shares_of_the_classes_are_no_shift():
    """Twenty times as many threes and fours as of the others, which no class-blind test would pass over."""
    every = arrived()
    uneven = torch.cat([torch.arange(len(every))[every.targets == k][: 60 if k in (3, 4) else 3] for k in range(10)])
    shift = found(subset(every, uneven))
    # The test part has 37 threes and 36 fours.
    assert not shift.shifted and shift.examples == 37 + 36 + 8 * 3


def test_false_alarms_are_as_rare_as_stated():
    """Halves of one set of 640, again and again: at most 1 in 100 alarms, so 2 of 20 would be a wonder (p = 0.02)."""
    every, alarms = arrived(), 0
    for seed in range(20):
        rows = torch.randperm(len(every), generator=torch.Generator().manual_seed(seed))
        alarms += found(subset(every, rows[:320]), old={"half": subset(every, rows[320:])}, seed=seed).shifted
    assert alarms <= 1


def test_too_few_shared_examples_are_not_checked_and_the_numbers_are_said():
    none = found(arrived("789"), known=OLD)
    assert (none.statistic, none.shifted, none.examples) == (None, False, 0)
    assert none.told == "not checked: no old class arrived"
    few = found(arrived(), old={"few": subset(held()["digits:test"], torch.arange(49))})
    assert few.statistic is None and few.told == f"not checked: 49 shared examples, {FEWEST} are needed"
    nothing = found(arrived(), old={})
    assert nothing.statistic is None and nothing.told == "not checked: no old test set can be read"


def test_enough_is_checked():
    fifty = subset(held()["digits:test"], torch.arange(60))
    assert found(arrived(), old={"sixty": fifty}).examples == 60


def test_what_the_model_does_not_know_is_left_aside():
    old = held(OLD) | {"unknown": of(held()["digits:test"], "789")}
    shift = found(arrived(), known=OLD, old=old)
    assert not shift.shifted and shift.against == ("digits:test",) and shift.examples == 252


def test_each_test_set_is_read_in_its_own_form():
    """Half of the test set as floats in [0, 1], which the model takes as it takes bytes."""
    test = held()["digits:test"]
    half = test.take(torch.arange(150, len(test)))
    floats = Examples(half.inputs.float() / 255, half.targets, test.classes)
    parts = {"bytes": subset(test, torch.arange(150)), "floats": floats}
    shift, whole = found(arrived(), old=parts), found(arrived())
    assert shift.statistic == pytest.approx(whole.statistic, abs=1e-6) and shift.against == ("bytes", "floats")


def test_the_same_seed_gives_the_same_and_nothing_else_is_touched():
    before, state = everything(version()), torch.get_rng_state()
    assert found(arrived(), seed=3) == found(arrived(), seed=3) != found(arrived(), seed=4)
    assert everything(version()) == before and torch.equal(torch.get_rng_state(), state)
