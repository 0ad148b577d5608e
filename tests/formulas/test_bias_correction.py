"""Two numbers bring the logits of new classes level with those of old ones: in closed form, and as the best."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some
from tests.reference.bic import bic

from onward.errors import InputError
from onward.formulas.bias_correction import bias_correction
from onward.rng import generator


def drawn(seed: int, n: int = 40) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits of five classes and targets: log-likelihoods, but 1.5 times as large and 3 more for the last two.

    Of x ~ N(2 e_k, I) the log-likelihood of class k is 2 x_k and what all classes share.
    """
    draws = generator(seed, "bias")
    targets = torch.randint(5, (n,), generator=draws)
    targets[:5] = torch.arange(5)
    logits = 2 * (torch.randn(n, 5, generator=draws, dtype=torch.float64) + 2 * torch.eye(5)[targets])
    logits[:, 3:] = 1.5 * logits[:, 3:] + 3
    return logits, targets


def objective(logits, targets, first, ridge, scale, shift):
    z = torch.cat([logits[:, :first], scale * logits[:, first:] + shift], dim=1).log_softmax(dim=1)
    means = [-z[targets == k, k].mean() for k in targets.unique().tolist()]
    return float(sum(means) / len(means)) + ridge / 2 * ((scale - 1) ** 2 + shift**2)


def test_one_old_class_and_one_new_whose_logits_never_vary_meet_at_one_half():
    """Logits 0 and 2 on every example: at β = -2, with α = 1, both classes are as likely, which is best for a balanced
    set whatever its sizes. α acts as β / 2 does, so of all pairs with 2 α + β = 0 the penalty takes the nearest to
    (1, 0): (1, 0) - 2 / 5 (2, 1) = (1/5, -2/5).
    """
    logits = torch.tensor([[0.0, 2.0]]).repeat(7, 1)
    found = bias_correction(logits, torch.tensor([0, 0, 0, 0, 0, 1, 1]), 1, 1e-9)
    assert found == pytest.approx((1 / 5, -2 / 5), abs=1e-6)
    alone = bias_correction(logits, torch.tensor([0, 0, 0, 0, 0, 1, 1]), 1, 1e-9, shifts=False)
    assert alone == pytest.approx((0, 0), abs=1e-6)


def test_of_examples_that_tell_nothing_but_where_the_penalty_counts_its_slope_is_that_of_the_loss():
    """One example of the new class, logits 0 and 0: α is free and stays 1, and 1 / (1 + e^β) = ρ β."""
    scale, shift = bias_correction(torch.zeros(1, 2), torch.tensor([1]), 1, 0.25)
    assert scale == 1
    assert 1 / (1 + math.exp(shift)) == pytest.approx(0.25 * shift)


@pytest.mark.parametrize("seed", [0, 1])
def test_it_is_that_of_the_reference(seed):
    logits, targets = drawn(seed, 15)
    assert bias_correction(logits, targets, 3, 0.2) == pytest.approx(bic(logits, targets, 3, 0.2), abs=1e-4)


@settings(max_examples=25, deadline=None)
@given(some.integers(0, 10_000), some.sampled_from([1e-3, 0.1]))
def test_no_other_pair_is_better(seed, ridge):
    logits, targets = drawn(seed)
    found = bias_correction(logits, targets, 3, ridge)
    best = objective(logits, targets, 3, ridge, *found)
    for scale, shift in ((1e-3, 0), (-1e-3, 0), (0, 1e-3), (0, -1e-3), (1 - found.scale, -found.shift)):
        assert objective(logits, targets, 3, ridge, found.scale + scale, found.shift + shift) >= best


def test_of_many_examples_what_was_done_to_true_likelihoods_is_undone():
    assert bias_correction(*drawn(0, 20_000), 3, 1e-6) == pytest.approx((1 / 1.5, -3 / 1.5), abs=0.1)


def test_where_every_example_is_right_it_stays_finite_and_large_logits_do_no_harm():
    targets = torch.arange(4).repeat(3)
    for size in (10.0, 1e4):
        scale, shift = bias_correction(size * torch.eye(4)[targets], targets, 2, 0.01)
        assert math.isfinite(scale) and math.isfinite(shift) and 0 < scale < 10
    wrong = 1e3 * torch.eye(4)[(targets + 2) % 4]
    found = bias_correction(wrong, targets, 2, 0.01)
    assert objective(wrong.double(), targets, 2, 0.01, *found) <= objective(wrong.double(), targets, 2, 0.01, 1, 0)


def test_without_a_penalty_it_is_refused():
    with pytest.raises(InputError, match=r"ridge must be > 0, got 0\.0"):
        bias_correction(torch.zeros(1, 2), torch.tensor([1]), 1, 0.0)
