"""Stages: which of a network's layers end one, and what they give, heard beside the features."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from onward.errors import InputError
from onward.nets.backbone import Backbone
from onward.nets.classifier import Classifier
from onward.nets.head import Head
from onward.nets.side_by_side import SideBySide
from onward.nets.stages import Listened, Stages, as_before, common_stages
from onward.nets.zoo import fresh
from onward.rng import generator, isolated


def some(*shape):
    return torch.randn(*shape, generator=generator(0, "inputs"))


def classifier(backbone):
    return Classifier(backbone, Head(backbone.features, [2]), ("a", "b")).eval()


def stages(model, shape, old=None):
    return common_stages(model, copy.deepcopy(model) if old is None else old, some(1, *shape))


class Net(Backbone):
    """Layers, and a way through them."""

    def __init__(self, features, way, **layers):
        super().__init__()
        self.features, self.way = features, way
        for name, layer in layers.items():
            self.add_module(name, layer)

    def forward(self, inputs):
        return self.way(self, inputs)


@pytest.mark.parametrize(
    ("name", "shape", "arguments", "expected"),
    [
        ("resnet18", (3, 32, 32), {"width": 2}, Stages(("blocks.1", "blocks.3", "blocks.5", "blocks"), True)),
        ("ic_resnet", (3, 32, 32), {"width": 2}, Stages(("blocks.1", "blocks.3", "blocks.5", "blocks"), True)),
        ("cnn", (1, 28, 28), {"width": 2}, Stages(("layers.5", "layers.9", "layers.10"), True)),
        ("mlp", (4,), {"width": 5, "depth": 3}, Stages(("layers.2", "layers.4"), False)),
        ("mlp", (4,), {"width": 5, "depth": 1}, Stages()),
        ("identity", (4,), {}, Stages()),
    ],
)
def test_a_stage_of_our_networks_ends_where_the_size_of_the_map_changes(name, shape, arguments, expected):
    """Of a perceptron with each layer but the last, which gives the features: after ReLU."""
    assert stages(fresh(name, shape, seed=0, **arguments).eval(), shape) == expected


def test_blocks_of_a_transformer_are_a_stage_each():
    with isolated(0):
        layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
        blocks = nn.TransformerEncoder(layer, 3, enable_nested_tensor=False)
        net = Net(8, lambda net, x: net.encoder(net.patches(x).flatten(2).mT).mean(1), patches=nn.Conv2d(1, 8, 2, 2))
        net.add_module("encoder", blocks)
    found = stages(classifier(net), (1, 8, 8))
    assert found == Stages(("encoder.layers.0", "encoder.layers.1", "encoder.layers.2"), True)


def test_a_block_that_gives_several_things_is_heard_by_the_first():
    class Pair(nn.Module):
        def forward(self, x):
            return x + 1, "attention"

    def way(net, x):
        for block in net.blocks:
            x = block(x)[0]
        return x.mean(1)

    model = classifier(Net(4, way, blocks=nn.ModuleList([Pair(), Pair()])))
    assert stages(model, (3, 4)) == Stages(("blocks.0", "blocks.1"), True)
    listened, x = Listened(model, model.backbone, ("blocks.0",), lambda said: said), some(2, 3, 4)
    assert torch.equal(listened.beside(listened(x), x)[0], x + 1)


def test_what_is_overwritten_or_runs_twice_ends_no_stage():
    """Else what is held would not be what the layer gave: a backward pass through it would fail."""

    def way(net, x):
        x = net.relu(net.norm(net.first(x)))  # which writes over what the norm gave
        x = net.relu(net.second(F.max_pool2d(x, 2)))
        return x.mean((2, 3))

    layers = {"first": nn.Conv2d(1, 3, 3), "norm": nn.BatchNorm2d(3), "second": nn.Conv2d(3, 4, 1)}
    model = classifier(Net(4, way, **layers, relu=nn.ReLU(inplace=True)))
    assert stages(model, (1, 6, 6)) == Stages(("first",), True)


def test_a_map_of_one_place_and_what_examples_share_are_no_maps():
    def way(net, x):
        return net.shared(torch.ones(5, 4)).mean() + net.pool(net.conv(x)).flatten(1)

    layers = {"conv": nn.Conv2d(1, 4, 3), "pool": nn.AdaptiveAvgPool2d(1), "shared": nn.Linear(4, 4)}
    assert stages(classifier(Net(4, way, **layers)), (1, 6, 6)) == Stages(("conv",), True)


def test_layers_of_another_shape_than_the_parents_are_left_out():
    old = fresh("mlp", (4,), seed=0, width=[5, 6, 7, 8]).eval()
    wider = fresh("mlp", (4,), seed=0, width=[5, 9, 7, 8]).eval()
    assert stages(wider, (4,), old) == Stages(("layers.2", "layers.6"), False)


def test_a_network_that_has_grown_is_heard_where_its_parent_is():
    old = fresh("cnn", (1, 8, 8), seed=0, width=1).eval()
    model = copy.deepcopy(old)
    model.backbone = SideBySide(model.backbone, (1, 8, 8), 16, seed=1)
    model.eval()
    assert as_before(model, old) is model.backbone.inner
    assert as_before(model, model) is model.backbone
    assert stages(model, (1, 8, 8), old) == stages(old, (1, 8, 8))
    both = Stages(tuple(f"{part}.layers.{k}" for part in ("inner", "added") for k in (5, 9, 10)), True)
    assert stages(model, (1, 8, 8)) == both


def test_looking_for_stages_leaves_both_networks_as_they_were():
    model = fresh("cnn", (1, 8, 8), seed=0, width=1).train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with torch.random.fork_rng(devices=[]):
        state = torch.get_rng_state()
        stages(model, (1, 8, 8))
        assert torch.equal(torch.get_rng_state(), state)
    assert all(module.training and not module._forward_hooks for module in model.modules())
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


def heard_of_mlp():
    model = fresh("mlp", (4,), seed=0, width=5, depth=2).eval()
    return model, Listened(model, model.backbone, ("layers.2",), lambda said: said)


def test_what_a_stage_gives_is_heard_with_the_features_in_one_pass():
    model, listened = heard_of_mlp()
    passes = []
    model.backbone.layers[1].register_forward_hook(lambda *_: passes.append(1))
    x = some(6, 4)
    features = listened(x)
    (found,) = listened.beside(features, x)
    assert passes == [1]
    assert torch.equal(features, model.features(x))
    assert torch.equal(found, torch.relu(model.backbone.layers[1](x)))
    assert not model.backbone.layers[2]._forward_hooks


def test_features_are_told_apart_and_those_of_another_way_are_asked_for():
    model, listened = heard_of_mlp()
    one, other = some(6, 4), some(3, 4)
    first, second = listened(one), listened(other)
    assert len(listened.beside(first, one)[0]) == 6
    assert len(listened.beside(second, other)[0]) == 3
    listened.forget()
    assert torch.equal(listened.beside(model.features(one), one)[0], torch.relu(model.backbone.layers[1](one)))


def test_a_stage_that_does_not_run_is_told_by_name():
    model = classifier(Net(4, lambda net, x: x, left_out=nn.Linear(4, 4)))
    with pytest.raises(InputError, match=r"^'left_out' did not run on a batch.*switch that off, or leave out"):
        Listened(model, model.backbone, ("left_out",), lambda said: said)(some(2, 4))
