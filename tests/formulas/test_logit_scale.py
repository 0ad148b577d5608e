"""The scale of new rows beside old ones: by hand, and as a search over all factors finds it."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from torch.nn.functional import cross_entropy

from onward.formulas.logit_scale import EXTREME, level_factor, norm_factor, temperature_factor
from onward.nets.classifier import NEVER
from onward.rng import generator

few = settings(max_examples=25)
seeds = st.integers(0, 10_000)


def drawn(seed, old=3, new=4, n=40):
    """Logits of old and new rows that tell something of the targets, and those, of which some are of old classes."""
    draws = generator(seed, "logit scale")
    targets = torch.randint(old + new, (n,), generator=draws)
    logits = torch.randn(n, old + new, generator=draws)
    logits[torch.arange(n), targets] += 1
    return 3 * logits[:, :old], logits[:, old:] / 4, targets


def loss(old, new, targets, factor):
    return cross_entropy(torch.cat([old, factor * new.double()], dim=1), targets).item()


def test_lengths_by_hand():
    """Old rows are 5 and 13 long, 9 in the mean; new ones 3 and 1, 2 in the mean; a row of zeros is no row."""
    old = torch.tensor([[3.0, 4.0], [5.0, 12.0]])
    new = torch.tensor([[0.0, 3.0], [1.0, 0.0], [0.0, 0.0]])
    assert norm_factor(old, new) == 9 / 2
    assert norm_factor(torch.cat([old, torch.zeros(5, 2)]), new) == 9 / 2


def test_rows_that_have_nothing_to_be_compared_with_stay_as_they_are():
    rows = torch.tensor([[3.0, 4.0]])
    assert norm_factor(rows[:0], rows) == norm_factor(rows, 0 * rows) == norm_factor(0 * rows, rows) == 1
    logits, targets = torch.ones(2, 3), torch.tensor([0, 1])
    assert (
        temperature_factor(logits[:0], logits[:0], targets[:0])
        == temperature_factor(logits, logits[:, :0], targets)
        == 1
    )


def test_a_level_by_hand():
    """Of the new examples the largest old logits are 3 and 5, 4 in the mean; their own are 1 and 3, 2 in the mean."""
    old = torch.tensor([[3.0, 1.0], [5.0, 2.0], [99.0, 0.0]])
    new = torch.tensor([[1.0, 9.0], [9.0, 3.0], [7.0, 7.0]])
    targets = torch.tensor([2, 3, 0])  # the last one is of an old class, and does not count
    assert level_factor(old, new, targets) == 4 / 2
    assert level_factor(old, new / 1e6, targets) == EXTREME and level_factor(old / 1e6, new, targets) == 1 / EXTREME
    nothing = [(old[:, :0], new, targets - 2), (old, new, targets * 0), (-old, new, targets), (old, -new, targets)]
    assert [level_factor(*each) for each in nothing] == [1] * 4


def test_a_factor_by_hand():
    """An old logit of log 2 beside a new one of 1 on four examples, three of the new class.

    The new class has probability e^β / (2 + e^β), and cross-entropy is least where that is 3/4: e^β = 6.
    """
    old, new = torch.full((4, 1), math.log(2), dtype=torch.float64), torch.ones(4, 1)
    assert temperature_factor(old, new, torch.tensor([1, 1, 0, 1])) == pytest.approx(math.log(6), rel=1e-9)


@few
@given(seeds)
def test_no_other_factor_has_a_lower_loss(seed):
    old, new, targets = drawn(seed)
    best = minimize_scalar(
        lambda log: loss(old, new, targets, math.exp(log)),
        bounds=(-math.log(EXTREME), math.log(EXTREME)),
        method="bounded",
        options={"xatol": 1e-9},
    )
    found = temperature_factor(old, new, targets)
    assert 1 / EXTREME <= found <= EXTREME
    assert loss(old, new, targets, found) <= best.fun + 1e-12


@few
@given(seeds, st.floats(0.2, 5))
def test_logits_that_were_scaled_are_scaled_back(seed, scale):
    old, new, targets = drawn(seed)
    found = temperature_factor(old, new, targets)
    if 0.1 < found < 10:
        assert temperature_factor(old, scale * new.double(), targets) * scale == pytest.approx(found, rel=1e-6)


@pytest.mark.parametrize(("target", "factor"), [(1, EXTREME), (0, 1 / EXTREME)])
def test_where_new_rows_are_always_right_or_always_wrong_it_is_as_far_as_allowed(target, factor):
    old, new = torch.zeros(3, 1), torch.ones(3, 1)
    assert temperature_factor(old, new, torch.full((3,), target)) == pytest.approx(factor)


def test_a_class_that_is_never_predicted_does_not_count():
    old, new, targets = drawn(0)
    for shut in (NEVER, -torch.inf):
        never = torch.full((len(old), 1), float(shut))
        assert temperature_factor(torch.cat([old, never], dim=1), new, targets + (targets >= 3)) == pytest.approx(
            temperature_factor(old, new, targets)
        )
