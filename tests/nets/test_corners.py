"""The corners in one buffer: a point is their weighted sum, and SGD over them is that of autograd through the sum."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from onward.errors import InputError
from onward.nets.corners import ALIGNED, Corners
from onward.nets.subspace import Look
from onward.rng import generator

SHAPES = {"wide": (5, 7), "one": (1,), "cube": (2, 3, 4), "full": (16,)}
N = 3


def made(seed=0, dtype=torch.float64):
    draws = generator(seed, "corners")
    parameters = {
        name: nn.Parameter(torch.randn(shape, generator=draws, dtype=dtype)) for name, shape in SHAPES.items()
    }
    offsets = {name: torch.randn(N, *shape, generator=draws, dtype=dtype) for name, shape in SHAPES.items()}
    return parameters, {name: each - each.mean(0) for name, each in offsets.items()}


def look(*shares, weight=1.0):
    there = torch.tensor(shares, dtype=torch.float64)
    return Look(there, there, weight=weight)


@pytest.mark.parametrize("corner", range(N))
def test_with_all_the_weight_on_a_corner_the_point_is_that_corner(corner):
    parameters, offsets = made()
    before = {name: each.detach().clone() for name, each in parameters.items()}
    corners = Corners(parameters, offsets, lr=0.1)
    corners.place(look(*torch.eye(N)[corner].tolist()))
    for name, each in parameters.items():
        torch.testing.assert_close(each.detach(), before[name] + offsets[name][corner])


def test_an_anchor_takes_the_rest_of_the_shares():
    parameters, offsets = made()
    corners = Corners(parameters, offsets, lr=0.1)
    anchor = corners.flat({name: torch.full(shape, 7.0) for name, shape in SHAPES.items()})
    corners.place(look(0.0, 0.0, 0.0), anchor)
    assert all(bool((each == 7).all()) for each in parameters.values())


def test_every_parameter_begins_a_line_of_the_cache_and_is_as_it_was_when_released():
    parameters, offsets = made()
    places = {name: each.data_ptr() for name, each in parameters.items()}
    corners = Corners(parameters, offsets, lr=0.1)
    assert all(start % ALIGNED == 0 for start, _ in corners.bounds)
    assert corners.corners.shape[1] % ALIGNED == 0
    for each, (start, end) in zip(parameters.values(), corners.bounds, strict=True):
        assert each.data_ptr() == corners.point[start:end].data_ptr()
    corners.place(look(1.0, 0.0, 0.0))
    there = {name: each.detach().clone() for name, each in parameters.items()}
    corners.release()
    assert {name: each.data_ptr() for name, each in parameters.items()} == places
    assert all(torch.equal(each, there[name]) for name, each in parameters.items())


def test_the_midpoint_is_the_mean_of_the_corners_and_the_offsets_are_from_there():
    parameters, offsets = made()
    corners = Corners(parameters, offsets, lr=0.1)
    corners.corners[1] += 3
    corners.settle()
    back = corners.offsets()
    for name, each in parameters.items():
        start, end = corners.bounds[list(SHAPES).index(name)]
        flat = corners.corners[:, start:end]
        torch.testing.assert_close(each.detach().flatten(), flat.mean(0))
        torch.testing.assert_close(back[name].sum(0), torch.zeros_like(each))
        torch.testing.assert_close(back[name] + each.detach(), flat.view(N, *each.shape))


def test_on_a_quadratic_a_step_has_a_closed_form():
    """Of |w|²/2 the gradient at the point p is p itself: w_i becomes w_i - η α_i p."""
    parameter = nn.Parameter(torch.zeros(1, dtype=torch.float64))
    corners = Corners({"w": parameter}, {"w": torch.tensor([[-2.0], [0.0], [2.0]])}, lr=0.5)
    here = look(0.5, 0.25, 0.25)  # the point is -1 + 0 + 1/2 = -1/2
    corners.place(here)
    assert parameter.item() == -0.5
    parameter.grad = parameter.detach().clone()
    corners.feel(here)
    corners.step()
    assert corners.corners[:, 0].tolist() == [-2 + 0.125, 0.0625, 2 + 0.0625]


@given(
    seed=st.integers(0, 50),
    momentum=st.sampled_from([0.0, 0.5]),
    decay=st.sampled_from([0.0, 0.1]),
    paced=st.booleans(),
    looks=st.integers(1, 3),
)
def test_steps_are_those_of_torch_s_sgd_on_leaves_with_autograd_through_the_sum(seed, momentum, decay, paced, looks):
    parameters, offsets = made(seed)
    paces = [0.5, 1.0, 2.0, 1.0] if paced else []
    leaves = [
        nn.Parameter((each.detach() + offsets[name][i]).clone()) for name, each in parameters.items() for i in range(N)
    ]
    rates = [0.1 * pace for pace in paces or [1.0] * 4 for _ in range(N)]
    plain = torch.optim.SGD(
        [{"params": [leaf], "lr": rate} for leaf, rate in zip(leaves, rates, strict=True)],
        momentum=momentum,
        weight_decay=decay,
    )
    corners = Corners(parameters, offsets, 0.1, momentum, decay, paces)
    draws = generator(seed, "looks")
    for _ in range(4):
        every = [
            Look(shares := torch.rand(N, generator=draws, dtype=torch.float64), shares, weight=0.5 + k)
            for k in range(looks)
        ]
        plain.zero_grad()
        for each in every:
            corners.place(each)
            for parameter in parameters.values():
                parameter.grad = None
            sum(p.sin().sum() for p in parameters.values()).backward()
            corners.feel(each)
            points = [sum(each.shares[i] * leaves[N * k + i] for i in range(N)) for k in range(4)]
            (each.weight * sum(point.sin().sum() for point in points)).backward()
        corners.step()
        plain.step()
    for k, (start, end) in enumerate(corners.bounds):
        theirs = torch.stack([leaf.detach().flatten() for leaf in leaves[N * k : N * k + N]])
        torch.testing.assert_close(corners.corners[:, start:end], theirs, rtol=1e-9, atol=1e-12)


def test_a_parameter_that_no_loss_reached_has_no_slope():
    parameters, offsets = made()
    corners = Corners(parameters, offsets, lr=0.1)
    before = corners.corners.clone()
    parameters["one"].grad = torch.ones(1, dtype=torch.float64)
    corners.feel(look(1.0, 0.0, 0.0))
    corners.step()
    start, end = corners.bounds[1]
    assert (corners.corners != before).nonzero().tolist() == [[0, place] for place in range(start, end)]


def test_parameters_of_two_types_are_refused():
    mixed = {"a": nn.Parameter(torch.zeros(2)), "b": nn.Parameter(torch.zeros(2, dtype=torch.float64))}
    with pytest.raises(InputError, match=r"one type on one device, got torch.float32 on cpu, torch.float64 on cpu"):
        Corners(mixed, {"a": torch.zeros(2, 2)}, lr=0.1)
