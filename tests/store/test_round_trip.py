"""A learner comes back from its version as it was, bit for bit."""

from __future__ import annotations

import importlib
import sys
import textwrap
from collections.abc import Callable

import pytest
import torch
from tests.store.worlds import same_bits, tensors

from onward.catalogue import parsed, written
from onward.engine.update import update
from onward.learner import Learner
from onward.nets.adopt import adopted
from onward.nets.classifier import Classifier
from onward.nets.zoo import BACKBONES, fresh
from onward.rng import generator
from onward.settings import Settings
from onward.store.card import Card
from onward.store.lineage import Lineage
from onward.types import Examples

SHAPE = (3, 8, 8)
IMAGES = torch.randint(0, 256, (12, *SHAPE), generator=generator(0), dtype=torch.uint8)
THEIRS = """
    from torch import nn

    class Net(nn.Module):
        def __init__(self, width):
            super().__init__()
            self.first = nn.Sequential(nn.Flatten(), nn.Linear(192, width), nn.BatchNorm1d(width), nn.ReLU())
            self.there, self.back = nn.Linear(width, width), nn.Linear(width, width)
            self.back.weight = self.there.weight
            self.out = nn.Linear(width, 2, bias=False)

        def forward(self, x):
            return self.out(self.back(self.there(self.first(x)).relu()))
"""


@pytest.fixture(autouse=True)
def theirs(tmp_path, monkeypatch):
    """A user's network, with weights that it ties."""
    (tmp_path / "their_tied_net.py").write_text(textwrap.dedent(THEIRS))
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("their_tied_net")
    del sys.modules["their_tied_net"]


def ours(name: str, **arguments: int | float) -> Callable[[], Classifier]:
    return lambda: fresh(name, SHAPE, seed=1, **arguments)


def imported() -> Classifier:
    return adopted("their_tied_net:Net", ["a", "b"], arguments={"width": 5}, mean=[0.5] * 3, seed=1)


def tasked() -> Classifier:
    plain = fresh("cnn", SHAPE, seed=1, width=1)
    return Classifier(plain.backbone, plain.head, tasks=(), mean=(0.1, 0.2, 0.3), std=(0.7, 0.8, 0.9))


NETS = {
    "identity": ours("identity"),
    "mlp": ours("mlp", width=5, depth=3, dropout=0.5),
    "cnn": ours("cnn", width=2),
    "resnet18": ours("resnet18", width=2),
    "ic_resnet": ours("ic_resnet", width=2),
    "imported": imported,
    "task heads, mean and std": tasked,
    "float64": lambda: tasked().double(),
    "imported, float64": lambda: imported().double(),
}


def lived(model: Classifier) -> Learner:
    """A learner with a past: its head has grown twice, its statistics are not those of its birth."""
    learner = Learner(model.eval(), parsed("lwf(strength=0.5) | replay(size=4, per_batch=2)"))
    for names in ("ab", "cd"):
        arrived = Examples(IMAGES, torch.arange(len(IMAGES)) % 2, tuple(names))
        learner, _ = update(learner, arrived, Settings(epochs=1, batch_size=4), seed=1)
    return learner


def test_every_network_of_ours_is_tested_here():
    assert set(BACKBONES) <= set(NETS)


@pytest.mark.parametrize("net", NETS)
def test_a_learner_comes_back_bit_for_bit(net, tmp_path):
    before = lived(NETS[net]())
    version = Lineage.create(tmp_path).save(before, Card(net={}, method=written(before.method)))
    after = Lineage(tmp_path).load(version.id)
    assert same_bits(tensors(before), tensors(after))
    assert after.model.spec() == before.model.spec() == version.card.net
    assert after.classes == tuple("abcd") and after.chain == before.chain
    assert torch.equal(after.predict(IMAGES).logits, before.predict(IMAGES).logits)
    assert not any(module.training for module in after.model.modules())


@pytest.mark.parametrize("net", ["imported", "float64"])
def test_the_next_update_does_not_see_that_its_parent_was_loaded(net, tmp_path):
    before = lived(NETS[net]())
    version = Lineage.create(tmp_path).save(before, Card(net={}, method=written(before.method)))
    arrived = Examples(IMAGES, torch.arange(len(IMAGES)) % 3, tuple("dea"))
    one, other = (
        update(learner, arrived, Settings(epochs=2, batch_size=4), seed=2)[0]
        for learner in (before, Lineage(tmp_path).load(version.id))
    )
    assert same_bits(tensors(one), tensors(other))


def test_weights_that_a_network_ties_are_tied_again(tmp_path):
    version = Lineage.create(tmp_path).save(Learner(imported()), Card(net={}))
    network = Lineage(tmp_path).load(version.id).model.backbone.network
    assert network.there.weight is network.back.weight


def test_saving_and_loading_leave_the_global_random_state(tmp_path):
    learner = Learner(tasked().eval())
    before = torch.get_rng_state()
    Lineage.create(tmp_path).load(Lineage(tmp_path).save(learner, Card(net={})).id)
    assert torch.equal(torch.get_rng_state(), before)
