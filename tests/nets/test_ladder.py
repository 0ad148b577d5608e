"""A small network that hears what goes on in a large one."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from onward.nets.backbone import Backbone
from onward.nets.classifier import Classifier
from onward.nets.deepened import Deepened
from onward.nets.head import Head
from onward.nets.ladder import Ladder, listening, taps_of
from onward.nets.zoo import build_backbone, fresh
from onward.rng import generator, isolated


def some(shape, n=6):
    """Inputs of a shape."""
    return torch.randn(n, *shape, generator=generator(0, "inputs"))


def test_a_ladder_on_a_perceptron_is_its_rungs_written_out():
    net = build_backbone({"net": "mlp", "shape": [4], "width": 5})
    ladder = Ladder(net, [("layers.1", 4), ("layers.3", 5)], 3, seed=1)
    p, x = dict(ladder.added.named_parameters()), some((4,))
    with torch.no_grad():
        p["1.gate"].fill_(0.05)  # sigmoid(0.05 / 0.1) of the state, the rest of what is heard
        p["2.gate"].fill_(-0.2)
    h1 = torch.relu(net.layers[1](x))

    def down(k, heard):
        return heard @ p[f"{k}.down.weight"].T + p[f"{k}.down.bias"]

    def normed(state):
        return state / (state.square().mean(1, keepdim=True) + 1e-6).sqrt()

    def through(k, came):
        return came + torch.relu(normed(came) @ p[f"{k}.layer.weight"].T + p[f"{k}.layer.bias"])

    s = through(0, down(0, x))
    for k, heard, gate in ((1, h1, 0.05), (2, net(x), -0.2)):
        share = 1 / (1 + torch.exp(torch.tensor(-gate / 0.1)))
        s = through(k, share * s + (1 - share) * down(k, heard))
    torch.testing.assert_close(ladder(x), torch.cat([net(x), normed(s)], dim=1))
    assert len(p) == 3 * 4 + 2


def test_gates_begin_half_open():
    ladder = Ladder(build_backbone({"net": "mlp", "shape": [4], "width": 5}), [("layers.1", 4)], 3, seed=1)
    assert [float(each.gate.detach()) for each in ladder.rungs[1:]] == [0.0]
    assert ladder.rungs[0].gate is None


class Sequence(Backbone):
    """A layer for each place of a sequence, one that never runs, one that all examples share, and a convolution."""

    def __init__(self):
        super().__init__()
        self.features, self.shape = 5, (2, 4, 4)
        self.convolution, self.never, self.bias = nn.Conv2d(2, 3, 3), nn.Linear(9, 9), nn.Linear(2, 3)
        self.each, self.last = nn.Linear(3, 4), nn.Linear(4, 5)

    def forward(self, images):
        tokens = self.convolution(images).flatten(2).mT + self.bias(torch.ones(1, 2))
        return self.last(torch.relu(self.each(tokens)).mean(1))


def sequence():
    """A classifier on it."""
    with isolated(0, "network"):
        return Classifier(Sequence(), Head(5)).eval()


def test_over_maps_and_sequences_it_hears_means():
    net, x = sequence().backbone, some((2, 4, 4))
    with listening(net, ["convolution", "each"]) as heard:
        net(x)
    tokens = net.convolution(x).flatten(2).mT + net.bias(torch.ones(1, 2))
    torch.testing.assert_close(heard["convolution"], x.mean((2, 3)))
    torch.testing.assert_close(heard["each"], tokens.mean(1))
    assert list(heard) == ["convolution", "each"]


def test_nothing_stays_on_the_network_that_was_listened_to():
    net = sequence().backbone
    with listening(net, ["each"]) as first:
        pass
    net(some((2, 4, 4)))
    assert first == {}
    assert not any(layer._forward_pre_hooks for layer in net.modules())
    with pytest.raises(RuntimeError), listening(net, ["each"]):
        net(some((3, 4, 4)))
    assert not any(layer._forward_pre_hooks for layer in net.modules())


def test_layers_that_run_on_examples_are_found_in_the_order_of_their_runs():
    taps = taps_of(sequence(), some((2, 4, 4), 1), most=9)
    assert taps == [("convolution", 2), ("each", 3), ("last", 4)]


@pytest.mark.parametrize(("most", "layers"), [(0, []), (1, [8]), (2, [4, 8]), (3, [2, 5, 8]), (8, [*range(1, 9)])])
def test_rungs_are_evenly_spaced_and_the_last_layer_has_one(most, layers):
    """A perceptron of eight layers: of k rungs the i-th is at layer 8 i / k, rounded down."""
    model = fresh("mlp", (4,), 0, width=5, depth=8).eval()
    taps = taps_of(model, some((4,), 1), most)
    assert taps == [(f"layers.{2 * k - 1}", 4 if k == 1 else 5) for k in layers]


def test_no_gradient_goes_from_it_into_the_network():
    net = build_backbone({"net": "mlp", "shape": [4], "width": 5})
    ladder = Ladder(net, [("layers.1", 4), ("layers.3", 5)], 3, seed=1)
    beside = ladder(some((4,)))[:, 5:]
    names, parameters = zip(*ladder.named_parameters(), strict=True)
    every = zip(names, torch.autograd.grad(beside.sum(), parameters), strict=True)
    assert {name.partition(".")[0] for name, each in every if each.any()} == {"added"}


def test_a_network_that_has_grown_is_heard_where_it_began():
    model = fresh("mlp", (4,), 0, width=5).eval()
    model.backbone = Deepened(model.backbone, 1, 3, seed=1)
    taps = taps_of(model, some((4,), 1), most=4)
    assert taps == [("layers.1", 4), ("layers.3", 5)]
    ladder = Ladder(model.backbone, taps, 2, seed=1)
    assert ladder(some((4,))).shape == (6, 5 + 3 + 2)
    assert ladder.rungs[-1].down.in_features == 5 + 3
