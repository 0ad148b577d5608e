"""The step up: as long as it may be, along the slope; and of relative changes the same however layers are scaled."""

from __future__ import annotations

import pytest
import torch

from onward.formulas.ascent import STEADY, ascent
from onward.rng import generator


def drawn(seed):
    return [torch.randn(3, 4, generator=generator(seed, "a")), torch.randn(5, generator=generator(seed, "b"))]


def flat(tensors):
    return torch.cat([each.flatten() for each in tensors])


@pytest.mark.parametrize("scale", [1e-15, 1.0, 1e15])
def test_it_is_rho_long_and_points_up_whatever_the_slope_s_length(scale):
    slopes = [scale * each for each in drawn(0)]
    step = flat(ascent(drawn(1), slopes, rho=0.3))
    assert step.norm().item() == pytest.approx(0.3, rel=1e-5)
    torch.testing.assert_close(step / 0.3, flat(slopes).double().div(flat(slopes).double().norm()).float())


def test_by_hand():
    """g = (3, 4) is 5 long: rho g / 5. With T = (2, 1) of w = (1.99, -0.99): T g = (6, 4), T^2 g = (12, 4)."""
    w, g = [torch.tensor([1.99, -0.99])], [torch.tensor([3.0, 4.0])]
    assert STEADY == 0.01
    torch.testing.assert_close(ascent(w, g, 0.5)[0], torch.tensor([0.3, 0.4]))
    torch.testing.assert_close(ascent(w, g, 0.5, adaptive=True)[0], 0.5 * torch.tensor([12.0, 4.0]) / 52**0.5)


def test_of_no_slope_it_is_no_step():
    for adaptive in (False, True):
        step = ascent(drawn(0), [torch.zeros_like(each) for each in drawn(0)], 1.0, adaptive)
        assert not flat(step).any()


@pytest.mark.parametrize("adaptive", [False, True])
def test_no_point_of_the_ball_rises_higher_to_first_order(adaptive):
    """Among steps e with |e / T| = rho, T = 1 or |w| + eta, it has the largest <g, e>; and it lies on that border."""
    w, g = drawn(1), drawn(0)
    scale = flat(w).abs() + STEADY if adaptive else torch.ones(17)
    step = flat(ascent(w, g, 0.7, adaptive))
    assert (step / scale).norm().item() == pytest.approx(0.7, rel=1e-5)
    others = torch.randn(2000, 17, generator=generator(2, "others"))
    others = 0.7 * others / others.norm(dim=1, keepdim=True) * scale
    assert bool((others @ flat(g) <= step @ flat(g)).all())


def test_relative_steps_are_the_same_when_one_layer_is_scaled_up_and_the_next_one_down():
    """Of w1 -> 4 w1, w2 -> w2 / 4 gradients are g1 / 4 and 4 g2: the steps are 4 e1 and e2 / 4, but for eta."""
    (w1, w2), (g1, g2) = [1e4 * each for each in drawn(1)], drawn(0)
    one, two = ascent([w1, w2], [g1, g2], 0.5, adaptive=True)
    scaled = ascent([4 * w1, w2 / 4], [g1 / 4, 4 * g2], 0.5, adaptive=True)
    torch.testing.assert_close(scaled[0], 4 * one, rtol=1e-2, atol=0)
    torch.testing.assert_close(scaled[1], two / 4, rtol=1e-2, atol=0)
