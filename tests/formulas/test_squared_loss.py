"""Losses towards the one-hot vector: by hand, their gradients, and classes that are no choice."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy

from onward.formulas.squared_loss import squared_error, squentropy
from onward.nets.classifier import NEVER
from onward.rng import generator

few = settings(max_examples=20)
each_loss = pytest.mark.parametrize("loss", [squared_error, squentropy])


def drawn(seed, b=5, c=4):
    draws = generator(seed, "squared")
    return torch.randn(b, c, generator=draws, dtype=torch.float64), torch.randint(0, c, (b,), generator=draws)


def test_squared_error_by_hand():
    """(0.5 - 1)^2 + 2^2 = 4.25 and 1^2 + (3 - 1)^2 = 5: their mean."""
    assert squared_error(torch.tensor([[0.5, 2.0], [1.0, 3.0]]), torch.tensor([0, 1])).item() == pytest.approx(4.625)


def test_an_aim_and_an_emphasis_by_hand():
    """3 (0.5 - 2)^2 + 2^2 = 10.75 and 1^2 + 3 (3 - 2)^2 = 4: their mean."""
    logits, targets = torch.tensor([[0.5, 2.0], [1.0, 3.0]]), torch.tensor([0, 1])
    assert squared_error(logits, targets, aim=2.0, emphasis=3.0).item() == pytest.approx(7.375)


@few
@given(st.integers(0, 999))
def test_its_gradient_is_twice_the_distance_by_the_batch(seed):
    logits, targets = drawn(seed)
    logits.requires_grad_(True)
    (gradient,) = torch.autograd.grad(squared_error(logits, targets), logits)
    torch.testing.assert_close(gradient, 2 * (logits.detach() - torch.eye(4, dtype=torch.float64)[targets]) / 5)


@few
@given(st.integers(0, 999))
def test_squentropy_is_the_cross_entropy_and_the_mean_square_of_the_other_logits(seed):
    logits, targets = drawn(seed)
    squares = [
        sum(z**2 for k, z in enumerate(row) if k != y) / 3
        for row, y in zip(logits.tolist(), targets.tolist(), strict=True)
    ]
    expected = cross_entropy(logits, targets).item() + sum(squares) / 5
    assert squentropy(logits, targets).item() == pytest.approx(expected)


@each_loss
@pytest.mark.parametrize("never", [-torch.inf, NEVER])
def test_classes_that_are_no_choice_are_as_if_they_were_not_there(loss, never):
    logits, targets = drawn(1)
    more = torch.cat([logits, torch.full((5, 2), never, dtype=torch.float64)], dim=1).requires_grad_(True)
    there = (torch.arange(6) < 4).expand(5, 6)
    value = loss(more, targets, there)
    assert value.item() == pytest.approx(loss(logits, targets).item())
    (gradient,) = torch.autograd.grad(value, more)
    assert torch.equal(gradient[:, 4:], torch.zeros(5, 2, dtype=torch.float64)) and bool(gradient.isfinite().all())


def test_of_a_single_class_squentropy_is_zero():
    assert squentropy(torch.tensor([[3.0], [-2.0]]), torch.tensor([0, 0])).item() == 0


@each_loss
def test_bfloat16_logits_are_squared_in_float32(loss):
    logits, targets = drawn(2)
    rounded = logits.to(torch.bfloat16)
    torch.testing.assert_close(loss(rounded, targets), loss(rounded.float(), targets))
    assert loss(rounded, targets).dtype == torch.float32
