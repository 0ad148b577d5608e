"""What parameters did for the loss: of a parabola the path integral and its curvature are known."""

from __future__ import annotations

import pytest
import torch

from onward.formulas.path_integral import add_contributions, consolidated
from onward.rng import generator

CURVATURE = torch.tensor([0.5, 1.0, 4.0], dtype=torch.float64)


def walked(steps):
    """Go from 1 to 0 in equal steps on L = 1/2 sum a t^2, of which the gradient is a t."""
    done = [torch.zeros(3, dtype=torch.float64)]
    for k in range(steps):
        here, there = (torch.full((3,), 1 - j / steps, dtype=torch.float64) for j in (k, k + 1))
        add_contributions(done, [CURVATURE * here], [here], [there])
    return done[0]


def test_of_short_steps_the_contributions_are_how_far_the_loss_fell():
    """In n steps -sum g d = a (1/n) sum_k (1 - k/n) = a (1 + 1/n) / 2; as n grows, a / 2, which the loss fell by."""
    torch.testing.assert_close(walked(10), CURVATURE * 0.55)
    torch.testing.assert_close(walked(10_000), CURVATURE / 2, rtol=1e-3, atol=0)


def test_the_consolidated_value_is_half_the_curvature_where_the_way_led_to_the_minimum():
    """a / 2 over a way of 1: so that the penalty Omega d^2 is the parabola itself, a / 2 d^2."""
    torch.testing.assert_close(consolidated(CURVATURE / 2, -torch.ones(3), 1e-12), CURVATURE / 2)


@pytest.mark.parametrize("damping", [0.1, 2.0])
def test_damping_bounds_what_hardly_moved(damping):
    """omega = 1 over ways of 0 and 3: 1 / xi and 1 / (9 + xi)."""
    found = consolidated(torch.ones(2), torch.tensor([0.0, 3.0]), damping)
    torch.testing.assert_close(found, torch.tensor([1 / damping, 1 / (9 + damping)]))


def test_contributions_of_all_parameters_are_added_in_place():
    one, other = torch.randn(2, 4, generator=generator(0, "g")), torch.randn(3, generator=generator(1, "g"))
    done = [torch.ones(2, 4), torch.zeros(3)]
    places = [each.data_ptr() for each in done]
    add_contributions(done, [one, other], [torch.zeros(2, 4), torch.ones(3)], [torch.full((2, 4), 2.0), torch.zeros(3)])
    torch.testing.assert_close(done[0], 1 - 2 * one)
    torch.testing.assert_close(done[1], other)
    assert [each.data_ptr() for each in done] == places
