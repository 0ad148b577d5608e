"""How near two sets of logits are."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from onward.export.parity import apart
from onward.nets.classifier import NEVER


@pytest.mark.parametrize(
    ("wanted", "given_", "difference"),
    [
        ([0.0, 0.5], [0.0, 0.75], 0.25),  # small logits: absolute
        ([NEVER, 1.0], [NEVER * 1.001, 1.0], 0.001),  # 10 of 10,000: relative
        ([4.0, -8.0], [5.0, -8.0], 0.25),  # 1 of 4
    ],
)
def test_a_difference_is_absolute_for_small_logits_and_relative_for_large_ones(wanted, given_, difference):
    assert apart(torch.tensor([wanted]), torch.tensor([given_])) == pytest.approx(difference, rel=1e-4)


@given(st.lists(st.floats(-1e4, 1e4, width=32), min_size=1, max_size=9))
def test_only_the_same_logits_differ_by_nothing(values):
    wanted = torch.tensor([values])
    assert apart(wanted, wanted) == 0
    assert apart(wanted, torch.nextafter(wanted, torch.tensor(math.inf))) > 0


def test_no_number_is_no_parity():
    assert math.isnan(apart(torch.tensor([[0.0, 1.0]]), torch.tensor([[0.0, math.nan]])))
