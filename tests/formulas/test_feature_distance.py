"""Distances of features: each against its closed form, its gradient, its zeros, what it does not see."""

from __future__ import annotations

from typing import get_args

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from onward.formulas.feature_distance import (
    Form,
    cosine_distance,
    distance_named,
    distance_through,
    l2_distance,
    smooth_l1_distance,
)
from onward.rng import generator

B, D, C = 5, 4, 3
ROWS = torch.randn(C, D, generator=generator(0, "rows"), dtype=torch.float64)
EACH = {form: distance_named(form, ROWS) for form in get_args(Form)}
seeds = st.integers(0, 10_000)
few = settings(max_examples=20)
each_distance = pytest.mark.parametrize("distance", EACH.values(), ids=EACH)


def drawn(seed):
    """Features of a model, which want a gradient, and of its parent, in double precision."""
    draws = generator(seed, "features")
    new, old = (2 * torch.randn(B, D, generator=draws, dtype=torch.float64) for _ in range(2))
    return new.requires_grad_(True), old


def gradient_of(distance, new, old, weights=None):
    return torch.autograd.grad(distance(new, old, weights), new)[0]


def weights_drawn(seed):
    return torch.rand(B, generator=generator(seed, "weights"), dtype=torch.float64)


def test_their_values_by_hand():
    """(3, 4) and (4, 0): cos = 12 / (5 * 4) = 3/5; apart by (-1, 4); W = (1, 1) reads 3, and (2, 0) reads -2.

    Cosine 2 - 6/5; l2 (1 + 16) / 2; smooth l1 (1/2 + 7/2) / 2; through W (9 + 4) / 2.
    """
    new, old = torch.tensor([[3.0, 4.0]]), torch.tensor([[4.0, 0.0]])
    rows = torch.tensor([[1.0, 1.0], [2.0, 0.0]])
    assert cosine_distance(new, old).item() == pytest.approx(0.8)
    assert l2_distance(new, old).item() == 8.5
    assert smooth_l1_distance(new, old).item() == 2.0
    assert distance_through(rows, new, old).item() == 6.5
    named = {form: distance_named(form, rows)(new, old).item() for form in get_args(Form)}
    assert named == pytest.approx({"cosine": 0.8, "l2": 8.5, "smooth_l1": 2, "through_head": 6.5})


@given(seeds)
def test_that_of_directions_is_two_less_two_cosines_and_its_gradient_turns_only(seed):
    """d/df of 2 - 2 cos(f, g) is -2 (g/|g| - cos f/|f|) / |f|, over b."""
    new, old = drawn(seed)
    f, length = new.detach() / new.detach().norm(dim=1, keepdim=True), new.detach().norm(dim=1, keepdim=True)
    g = old / old.norm(dim=1, keepdim=True)
    cosine = (f * g).sum(dim=1, keepdim=True)
    torch.testing.assert_close(cosine_distance(new, old).detach(), (2 - 2 * cosine).mean(), rtol=1e-5, atol=1e-6)
    gradient = gradient_of(cosine_distance, new, old)
    torch.testing.assert_close(gradient, -2 * (g - cosine * f) / length / B, rtol=1e-4, atol=1e-5)


@given(seeds, st.floats(0.5, 20))
def test_that_of_directions_sees_no_length(seed, factor):
    new, old = drawn(seed)
    before = cosine_distance(new, old).item()
    assert cosine_distance(factor * new, old).item() == pytest.approx(before, rel=1e-5, abs=1e-6)


def test_features_of_zeros_are_one_away_and_pull_finitely():
    new, old = torch.zeros(1, D, requires_grad=True), torch.tensor([[3.0, 0.0, 0.0, 4.0]])
    assert cosine_distance(new, old).item() == pytest.approx(1)
    assert bool(gradient_of(cosine_distance, new, old).isfinite().all())
    assert cosine_distance(new, torch.zeros(1, D)).item() == 0


@given(seeds)
def test_the_gradient_of_l2_is_twice_the_difference_over_b_and_d(seed):
    new, old = drawn(seed)
    torch.testing.assert_close(gradient_of(l2_distance, new, old), 2 * (new - old).detach() / (B * D))


@given(seeds)
def test_the_gradient_of_smooth_l1_is_the_difference_cut_at_one_over_b_and_d(seed):
    new, old = drawn(seed)
    torch.testing.assert_close(gradient_of(smooth_l1_distance, new, old), (new - old).detach().clamp(-1, 1) / (B * D))


@given(seeds)
def test_that_through_a_head_is_of_the_products_and_its_gradient_is_through_it_and_back(seed):
    """The logits W f + v of a head, whatever its bias, differ by W (f - g); d/df is 2 W'W (f - g) / (b c)."""
    new, old = drawn(seed)
    bias = torch.arange(C)
    products = (new.detach() @ ROWS.T + bias) - (old @ ROWS.T + bias)
    value = distance_through(ROWS, new, old)
    torch.testing.assert_close(value.detach(), products.square().sum(dim=1).mean() / C)
    gradient = gradient_of(EACH["through_head"], new, old)
    torch.testing.assert_close(gradient, 2 * (new - old).detach() @ (ROWS.T @ ROWS) / (B * C))


@given(seeds)
def test_that_through_a_head_does_not_see_what_no_row_reads(seed):
    """Three rows leave one of four directions: the last right singular vector, which W brings to zero."""
    new, old = drawn(seed)
    unread = torch.linalg.svd(ROWS).Vh[-1]
    moved = distance_through(ROWS, new + 7 * unread, old)
    torch.testing.assert_close(moved, distance_through(ROWS, new, old))
    assert l2_distance(new + 7 * unread, new).item() == pytest.approx(49 / D)


@each_distance
@given(seed=seeds)
def test_equal_features_are_at_no_distance_and_others_at_some(distance, seed):
    new, old = drawn(seed)
    assert distance(old, old).item() == 0
    assert distance(new, old).item() > 1e-3


@each_distance
def test_in_half_precision_it_is_as_in_single(distance):
    """Half of the bits would lose the difference of features that are nearly equal."""
    new, old = (features.detach().bfloat16() for features in drawn(0))
    value = distance(new, old)
    assert value.dtype == torch.float32
    torch.testing.assert_close(value, distance(new.float(), old.float()))


@each_distance
@few
@given(seed=seeds)
def test_where_each_example_weighs_one_nothing_changes(distance, seed):
    new, old = drawn(seed)
    assert torch.equal(distance(new, old, torch.ones(B, dtype=torch.float64)), distance(new, old))


@each_distance
@few
@given(seed=seeds, kept=st.sets(st.integers(0, B - 1), min_size=1))
def test_examples_that_weigh_nothing_are_left_out_and_still_counted(distance, seed, kept):
    """The mean is over all b: of those kept it is their own mean, times their share."""
    new, old = drawn(seed)
    rows = torch.tensor(sorted(kept))
    weights = torch.zeros(B, dtype=torch.float64).index_fill(0, rows, 1)
    torch.testing.assert_close(distance(new, old, weights), distance(new[rows], old[rows]) * len(rows) / B)
    assert not gradient_of(distance, new, old, weights)[weights == 0].any()


@each_distance
@few
@given(seed=seeds, a=st.floats(0, 5), b=st.floats(0, 5))
def test_it_is_linear_in_the_weights(distance, seed, a, b):
    new, old = drawn(seed)
    one, other = weights_drawn(seed), weights_drawn(seed + 1)
    apart = a * distance(new, old, one) + b * distance(new, old, other)
    torch.testing.assert_close(distance(new, old, a * one + b * other), apart)


@each_distance
@few
@given(seed=seeds, weight=st.floats(0, 5))
def test_a_batch_of_little_weight_pulls_little(distance, seed, weight):
    """A mean over the sum of the weights would pull as hard with any."""
    new, old = drawn(seed)
    pulled = gradient_of(distance, new, old, torch.full((B,), weight, dtype=torch.float64))
    torch.testing.assert_close(pulled, weight * gradient_of(distance, new, old))


@each_distance
@few
@given(seed=seeds)
def test_each_example_is_pulled_as_much_as_it_weighs(distance, seed):
    new, old = drawn(seed)
    weights = weights_drawn(seed)
    torch.testing.assert_close(
        gradient_of(distance, new, old, weights), weights[:, None] * gradient_of(distance, new, old)
    )
