"""Layers whose weights each member of an ensemble has times a factor of rank one."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from onward.errors import InputError
from onward.export.programs import captured
from onward.nets.fast_weights import FastLayer, FastWeights
from onward.nets.identity import Identity
from onward.nets.mlp import MLP
from onward.nets.zoo import build, build_backbone, fresh
from onward.rng import generator


def draws() -> torch.Generator:
    return generator(0, "draws")


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (nn.Linear(4, 3, bias=False), (5, 4)),
        (nn.Linear(4, 3, bias=False), (5, 7, 4)),  # words of a text: the channels are last
        (nn.Conv2d(4, 3, 3, padding=1, bias=False), (5, 4, 6, 6)),
    ],
)
def test_each_example_meets_the_weights_of_its_member_written_out(layer, shape):
    fast, inputs = FastLayer(layer, 2, 0.5, draws()), torch.randn(shape, generator=draws())
    seen = fast(inputs)
    for k in range(len(inputs)):
        rank_one = torch.outer(fast.outs[k % 2], fast.ins[k % 2])
        own = layer.weight * rank_one.view(*rank_one.shape, *(1,) * (layer.weight.ndim - 2))
        alone = nn.functional.linear(inputs[k], own) if isinstance(layer, nn.Linear) else (
            nn.functional.conv2d(inputs[k : k + 1], own, padding=1)[0]
        )  # fmt: skip
        torch.testing.assert_close(seen[k], alone)


def test_the_mean_over_members_is_what_it_says_at_rest():
    net = FastWeights(build_backbone({"net": "cnn", "shape": [1, 4, 4], "width": 1}), 3, 0.5, seed=1).eval()
    inputs = torch.randn(4, 1, 4, 4, generator=draws())
    resting = net(inputs)
    each = [torch.stack([net.inner(inputs[k : k + 1].repeat(3, 1, 1, 1))[i] for k in range(4)]) for i in range(3)]
    torch.testing.assert_close(resting, torch.stack(each).mean(0))


def test_without_spread_it_is_the_network_itself():
    alone = fresh("mlp", (4,), 0, width=6).backbone
    inputs = torch.randn(7, 4, generator=draws())
    seen = alone(inputs)
    net = FastWeights(alone, 3, 0.0, seed=1)
    torch.testing.assert_close(net(inputs), seen)
    torch.testing.assert_close(net.eval()(inputs), seen)


def test_it_is_built_again_from_its_spec():
    model = fresh("mlp", (4,), 0, width=6)
    model.grow(["a", "b"], 0)
    model.backbone = FastWeights(model.backbone, 3, 0.5, seed=1)
    other = build(model.spec())
    assert torch.equal(other.backbone.get_parameter("inner.layers.1.ins"), model.backbone.inner.layers[1].ins)
    other.load_state_dict(model.state_dict())
    inputs = torch.randn(7, 4, generator=draws())
    assert torch.equal(other.eval()(inputs), model.eval()(inputs))


class HalfHeld(MLP):
    """An MLP of which the first layer stands still."""

    def trains(self, name):
        return not name.startswith("layers.1.")


def test_layers_that_stand_still_get_no_factors():
    net = FastWeights(HalfHeld((4,), width=6), 2, 0.5, seed=1)
    assert {name for name, _ in net.named_parameters() if net.trains(name)} == {
        f"inner.layers.3.{name}" for name in ("ins", "outs", "shared.weight", "shared.bias")
    }


def test_a_network_without_layers_is_refused():
    with pytest.raises(InputError, match="this network has none"):
        FastWeights(Identity((4,)), 2, 0.5, seed=1)


def test_a_program_made_of_it_takes_any_number_of_inputs():
    model = fresh("cnn", (1, 4, 4), 0, width=1)
    model.grow(["a", "b"], 0)
    model.backbone = FastWeights(model.backbone, 2, 0.5, seed=1)
    program = captured(model.eval(), torch.zeros(3, 1, 4, 4)).module()
    inputs = torch.randn(7, 1, 4, 4, generator=draws())
    torch.testing.assert_close(program(inputs), model(inputs))
