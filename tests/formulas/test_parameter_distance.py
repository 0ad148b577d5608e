"""The squared distance of parameters: by hand, its gradient, its zero."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from onward.formulas.parameter_distance import squared_distance
from onward.rng import generator

SHAPES = [(3, 2), (4,), (), (2, 1, 3)]


def drawn(seed):
    """Parameters, which want a gradient, and where they were."""
    draws = generator(seed, "parameters")
    here, there = ([torch.randn(shape, generator=draws, dtype=torch.float64) for shape in SHAPES] for _ in range(2))
    return [each.requires_grad_(True) for each in here], there


def test_its_value_by_hand():
    """Moved by (1, 2), by 3 and by nothing: 1 + 4 + 9 + 0 = 14."""
    here = [torch.tensor([2.0, 2.0]), torch.tensor([[-1.0]]), torch.tensor(7.0)]
    there = [torch.tensor([1.0, 4.0]), torch.tensor([[2.0]]), torch.tensor(7.0)]
    assert squared_distance(here, there).item() == 14


def test_each_square_counts_by_its_weight():
    """The same, counted by (10, 1), 2 and 5: 10 + 4 + 18 + 0 = 32."""
    here = [torch.tensor([2.0, 2.0]), torch.tensor([[-1.0]]), torch.tensor(7.0)]
    there = [torch.tensor([1.0, 4.0]), torch.tensor([[2.0]]), torch.tensor(7.0)]
    weights = [torch.tensor([10.0, 1.0]), torch.tensor([[2.0]]), torch.tensor(5.0)]
    assert squared_distance(here, there, weights).item() == 32


@given(st.integers(0, 10_000))
def test_its_gradient_is_twice_the_difference(seed):
    here, there = drawn(seed)
    gradients = torch.autograd.grad(squared_distance(here, there), here)
    for gradient, parameter, centre in zip(gradients, here, there, strict=True):
        torch.testing.assert_close(gradient, 2 * (parameter - centre).detach())


@given(st.integers(0, 10_000), st.floats(0, 5))
def test_along_a_line_it_grows_with_the_square_of_the_way(seed, way):
    here, there = drawn(seed)
    between = [centre + way * (parameter - centre) for parameter, centre in zip(here, there, strict=True)]
    assert squared_distance(between, there).item() == pytest.approx(way**2 * squared_distance(here, there).item())
