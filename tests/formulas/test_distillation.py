"""Distillation: its value and gradient by hand, its zeros, its limit, its weights."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from onward.formulas.distillation import distillation
from onward.rng import generator

seeds = st.integers(0, 10_000)
temperatures = st.sampled_from([0.5, 1.0, 2.0, 10.0])


def drawn(seed, b=5, c=4):
    """A student's logits, which want a gradient, and a teacher's, in double precision."""
    draws = generator(seed, "logits")
    student, teacher = (2 * torch.randn(b, c, generator=draws, dtype=torch.float64) for _ in range(2))
    return student.requires_grad_(True), teacher


def test_its_value_by_hand():
    """Teacher (1/2, 1/2), student (3/4, 1/4): KL = 1/2 ln(2/3) + 1/2 ln 2 = 1/2 ln(4/3). Doubled, at T = 2: 4 KL."""
    student, teacher = torch.tensor([[math.log(3.0), 0.0]]), torch.tensor([[7.0, 7.0]])
    assert distillation(student, teacher, 1.0).item() == pytest.approx(0.5 * math.log(4 / 3))
    assert distillation(2 * student, teacher, 2.0).item() == pytest.approx(2 * math.log(4 / 3))


@given(seeds, temperatures)
def test_its_gradient_is_t_times_the_difference_of_the_softened_answers_over_b(seed, t):
    student, teacher = drawn(seed)
    (gradient,) = torch.autograd.grad(distillation(student, teacher, t), student)
    expected = t * ((student / t).softmax(1) - (teacher / t).softmax(1)) / 5
    torch.testing.assert_close(gradient, expected.detach())


@given(seeds, temperatures, st.floats(-5, 5))
def test_it_is_zero_where_the_answers_are_equal(seed, t, shift):
    """Logits that differ by one number for all classes are the same answer."""
    _, teacher = drawn(seed)
    assert distillation(teacher + shift, teacher, t).item() == pytest.approx(0, abs=1e-12)


@given(seeds, temperatures)
def test_it_is_above_zero_where_they_differ(seed, t):
    student, teacher = drawn(seed)
    assert distillation(student, teacher, t).item() > 1e-6


@given(seeds)
def test_at_high_temperature_it_matches_centred_logits(seed):
    """KL(p || q) of two nearly uniform softmaxes is 1/2 the variance over classes of the difference of logits / T."""
    student, teacher = drawn(seed)
    value = distillation(student, teacher, 1e4)
    (gradient,) = torch.autograd.grad(value, student)
    apart = (student - teacher).detach()
    centred = apart - apart.mean(dim=1, keepdim=True)
    torch.testing.assert_close(value.detach(), 0.5 * centred.square().mean(), rtol=1e-2, atol=1e-6)
    torch.testing.assert_close(gradient, centred / (4 * 5), rtol=1e-2, atol=1e-3)


def test_weights_count_examples_and_the_mean_stays_over_all_of_them():
    student, teacher = drawn(0)
    each = torch.stack([distillation(student[i : i + 1], teacher[i : i + 1], 2.0) for i in range(5)])
    weights = torch.tensor([0.0, 1.0, 2.0, 0.5, 0.0], dtype=torch.float64)
    torch.testing.assert_close(distillation(student, teacher, 2.0, weights), (weights * each).sum() / 5)
    torch.testing.assert_close(distillation(student, teacher, 2.0), each.mean())


def test_it_is_computed_in_single_precision_at_least():
    student, teacher = (each.detach() for each in drawn(0))
    half = distillation(student.bfloat16(), teacher.bfloat16(), 2.0)
    rounded = distillation(student.bfloat16().double(), teacher.bfloat16().double(), 2.0)
    assert half.dtype == torch.float32
    assert rounded.dtype == torch.float64
    assert half.item() == pytest.approx(rounded.item(), rel=1e-5)
