"""New units that begin as copies: each new feature is an old one until it learns."""

from __future__ import annotations

import pytest
import torch
from tests.nets.test_enlarged import inputs_of, network
from tests.nets.test_expanded import ALL, Mobile, made, some
from torch import nn

from onward.nets.begun_as_copies import begin_as_copies
from onward.nets.expanded import Expanded
from onward.nets.new_units import by_ratio


def copied(net, ratio, seed=1, crossed=False):
    """A network whose new units have begun as copies."""
    wide = Expanded(net, by_ratio(net, ratio), crossed, seed).eval()
    begin_as_copies(wide)
    return wide


def plain(name):
    """A network that is awake everywhere, and hangs on no group of channels: its copies would make another group."""
    net = network(name).float() if name == "cifar_resnet" else made(name)
    with torch.no_grad():
        for number, each in enumerate(each for name, each in net.named_parameters() if name.endswith("bias")):
            each.copy_(torch.rand(each.shape, generator=torch.Generator().manual_seed(number)))
    for norm in net.modules():
        if isinstance(norm, nn.BatchNorm2d):
            norm.bias.data += 3
            norm.running_var.uniform_(1, 2, generator=torch.Generator().manual_seed(len(norm.running_var)))
    if isinstance(net, Mobile):
        net.norm = nn.Identity()
    return net


def originals(wide, inputs):
    """Of each new feature, the old ones that say the same of all inputs, (d', d)."""
    said, size = wide(inputs), wide.inner.features
    old, new = said[:, :size], said[:, size:]
    assert (old.std(0) > 0).all() and old.shape[1] == len(old.T.unique(dim=0)), "old features can be told apart"
    return torch.isclose(new.T[:, None], old.T[None], rtol=1e-4, atol=1e-5).all(dim=2)


@pytest.mark.parametrize("name", [*ALL, "cifar_resnet"])
def test_with_as_many_new_units_as_old_ones_every_old_feature_is_there_twice(name):
    net = plain(name)
    inputs = inputs_of(net, 60).float() if name == "cifar_resnet" else some(net, 60)
    same = originals(copied(net, 1.0), inputs)
    assert same.shape == (net.features, net.features)
    assert (same.sum(0) == 1).all() and (same.sum(1) == 1).all()


@pytest.mark.parametrize("name", ["mlp", "cnn", "resnet18"])
def test_with_fewer_units_those_that_are_not_copied_stand_behind_the_copies(name):
    net = plain(name)
    wide = copied(net, 0.5)
    same = originals(wide, some(net, 60))
    assert same.shape[0] == wide.features - net.features < net.features
    assert (same.sum(1) == 1).all()
    assert (same.sum(0) <= 1).all()


@pytest.mark.parametrize("name", ["mlp", "cnn", "resnet18"])
def test_what_was_copied_once_can_be_copied_again(name):
    net = plain(name)
    once = copied(net, 0.5)
    with torch.no_grad():  # it has learned since, and is no copy any more
        for number, each in enumerate(once.added.parameters()):
            each.add_(0.02 * torch.randn(each.shape, generator=torch.Generator().manual_seed(number)))
    twice = copied(once, 0.9, seed=2)
    same = originals(twice, some(net, 60))
    assert (same.sum(1) == 1).all()
    assert same[:, net.features :].any(), "some are copies of what the first expansion added"


def test_copies_read_copies_and_what_is_not_copied_itself():
    """Of units a and b of the first layer b alone is copied, b'; a copy of a unit reads a and b', and b no more."""
    net = made("mlp")
    wide = copied(net, 0.5)
    block = wide.added.get_submodule("layers.3")
    reads_old = (block.from_old.weight != 0).any(0)
    assert block.from_new.weight.shape[1] == 3 == (~reads_old).sum()
    assert (block.from_new.weight != 0).all()


def test_units_beyond_the_old_ones_stay_as_they_were_drawn():
    net = plain("mlp")
    drawn, wide = Expanded(net, by_ratio(net, 1.4), seed=1), copied(net, 1.4)
    first, fresh = (each.added.get_submodule("layers.1").from_old.weight for each in (wide, drawn))
    assert torch.equal(first[5:], fresh[5:]) and len(first) == 7
    assert sorted(map(tuple, first[:5].tolist())) == sorted(map(tuple, net.layers[1].weight.tolist()))
    assert (originals(wide, some(net, 60)).sum(1) == torch.tensor([1] * 5 + [0] * 2)).all()


def test_what_was_there_hears_nothing_of_the_copies_at_first():
    net = made("cnn")
    inputs = some(net, 60)
    alone = net(inputs)
    assert torch.equal(copied(net, 0.5, crossed=True)(inputs)[:, : net.features], alone)
    drawn = Expanded(net, by_ratio(net, 0.5), True, 1).eval()
    assert not torch.allclose(drawn(inputs)[:, : net.features], alone)
