"""A user's network, taken over, says what it said."""

from __future__ import annotations

import importlib
import json
import sys
import textwrap
from collections import OrderedDict

import pytest
import torch

from onward.errors import InputError
from onward.nets.adopt import adopted
from onward.nets.imported import found
from onward.nets.zoo import build
from onward.rng import generator

MODULE = """
    import torch
    from torch import nn
    from torch.nn import functional as F

    class Net(nn.Module):
        def __init__(self, width=6, classes=3, bias=True):
            super().__init__()
            self.first = nn.Sequential(nn.Conv2d(1, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU())
            self.neck = nn.Linear(width, width)
            self.out = nn.ModuleDict({"fc": nn.Linear(width, classes, bias=bias)})

        def forward(self, x):
            x = F.relu(self.neck(self.first(x).mean((2, 3))))
            return self.out["fc"](x)

    def make(width=6, classes=3, bias=True):
        return Net(width, classes, bias)

    def logistic():
        return nn.Linear(4, 3)

    def convolutional():
        return nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten())

    def a_number():
        return 3
"""
IMAGES = torch.rand(5, 1, 6, 6, generator=generator(0))


@pytest.fixture(autouse=True)
def theirs(tmp_path, monkeypatch):
    """The user's own module, which they can import."""
    (tmp_path / "their_nets.py").write_text(textwrap.dedent(MODULE))
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("their_nets")
    del sys.modules["their_nets"]


def trained(network: torch.nn.Module, seed: int = 7) -> torch.nn.Module:
    """The network with weights and statistics that no factory would give it."""
    draws = generator(seed)
    for tensor in network.state_dict().values():
        if tensor.is_floating_point():
            tensor.copy_(torch.rand(tensor.shape, generator=draws) + 0.1)
    return network.eval()


@pytest.mark.parametrize("bias", [True, False])
def test_a_user_s_network_says_what_it_said(theirs, bias):
    original = trained(theirs.make(width=4, bias=bias))
    arguments = {"width": 4, "bias": bias}
    model = adopted("their_nets:make", "abc", original.state_dict(), arguments=arguments)
    torch.testing.assert_close(model(IMAGES), original(IMAGES), rtol=0, atol=0)
    assert model.classes == ("a", "b", "c") and not model.training
    assert model.backbone.head_name == "out.fc" and model.backbone.features == 4


def test_without_weights_the_factory_s_own_stay(theirs):
    before = torch.get_rng_state()
    model = adopted("their_nets:make", "abc", seed=3)
    again, other = adopted("their_nets:make", "abc", seed=3), adopted("their_nets:make", "abc", seed=4)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(model(IMAGES), again(IMAGES)) and not torch.equal(model(IMAGES), other(IMAGES))
    weight = model.head.blocks[0].weight
    assert torch.equal(weight, model.backbone.head_weights["weight"])


def test_an_adopted_network_is_built_again_from_json_and_grows(theirs):
    original = trained(theirs.make())
    model = adopted("their_nets:make", "abc", original.state_dict(), mean=[0.5], std=[0.25])
    model.grow(["d"], seed=0)
    built = build(json.loads(json.dumps(model.spec())), seed=5).eval()
    built.load_state_dict(model.state_dict())
    assert torch.equal(built(IMAGES), model(IMAGES)) and built.classes == ("a", "b", "c", "d")
    torch.testing.assert_close(model(IMAGES)[:, :3], original((IMAGES - 0.5) / 0.25))


def test_another_layer_can_be_the_head(theirs):
    model = adopted("their_nets:make", "abcdef", head="neck")
    assert model.backbone.head_name == "neck" and model.head.out_features == 6


def test_a_network_that_is_one_linear_layer_is_all_head(theirs):
    original = trained(theirs.logistic())
    model = adopted("their_nets:logistic", "abc", original.state_dict())
    inputs = torch.rand(2, 4, generator=generator(1))
    assert torch.equal(model(inputs), original(inputs))
    assert list(dict(model.named_parameters())) == ["head.blocks.0.weight", "head.blocks.0.bias"]


def test_a_network_may_come_without_classes():
    model = adopted("their_nets:make", ())
    assert model.classes == () and model.head.out_features == 0
    model.grow("xy", seed=0)
    assert model(IMAGES).shape == (5, 2)


def test_keys_that_do_not_fit_are_named(theirs):
    weights = OrderedDict(theirs.make().state_dict())
    weights["first.0.weight"] = torch.zeros(2, 1, 3, 3)
    del weights["neck.bias"], weights["out.fc.bias"]
    weights["neck.scale"] = torch.zeros(1)
    with pytest.raises(InputError) as refused:
        adopted("their_nets:make", "abc", weights)
    message = str(refused.value)
    assert "2 missing: backbone.network.neck.bias, head.blocks.0.bias" in message
    assert "1 unknown: backbone.network.neck.scale" in message
    assert "1 of another shape: backbone.network.first.0.weight is (2, 1, 3, 3), wanted (6, 1, 3, 3)" in message


@pytest.mark.parametrize(
    ("factory", "arguments", "said"),
    [
        ("their_nets:make", {"classes": "ab"}, r"has 3 outputs \('out.fc'\) but there are 2 class names"),
        ("their_nets:make", {"classes": (), "weights": {}}, "need the names of their 3 classes"),
        ("their_nets:mak", {}, "unknown name in their_nets 'mak'. Did you mean 'make'"),
        ("their_net:make", {}, "there is no module 'their_net'"),
        ("their_nets.make", {}, "has the form package.module:function, got 'their_nets.make'"),
        (":make", {}, "has the form package.module:function, got ':make'"),
        ("their_nets:convolutional", {}, "no linear layer to be its head; .* Conv2d, Flatten, Sequential"),
        ("their_nets:a_number", {}, "returned a int; it must return a torch.nn.Module"),
        ("their_nets:make", {"head": "first.0"}, "'first.0' of their_nets:make is a Conv2d, not a linear layer"),
        ("their_nets:make", {"head": "nek"}, "unknown layer of their_nets:make 'nek'. Did you mean 'neck'"),
        ("their_nets:make", {"arguments": {"widht": 3}}, r"cannot be called with \{'widht': 3\}: .*widht"),
    ],
)
def test_what_cannot_be_taken_over_is_told_with_the_way_out(factory, arguments, said):
    with pytest.raises(InputError, match=said):
        adopted(factory, **{"classes": "abc", **arguments})


def test_the_current_folder_is_looked_in_and_the_path_left_as_it_was(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "a_local_net.py").write_text("value = 5")
    monkeypatch.chdir(tmp_path / "here")
    before = list(sys.path)
    assert found("a_local_net:value") == 5
    assert sys.path == before
    del sys.modules["a_local_net"]
