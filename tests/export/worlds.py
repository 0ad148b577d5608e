"""Versions to be exported: of our networks and of a user's, grown, merged, with and without test sets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn

from onward.catalogue import parsed, written
from onward.datasets.source import read
from onward.engine.update import update
from onward.learner import Learner
from onward.nets.classifier import Classifier
from onward.nets.zoo import build, fresh
from onward.release.saving import saved as saved_with_card
from onward.settings import Settings
from onward.store.card import Card
from onward.store.lineage import Lineage
from onward.store.version import Version
from onward.types import Examples

MEAN, STD = (0.3,), (0.4,)
FAST = Settings(epochs=1, batch_size=32, lr=0.05)
FACTORY = "tests.nets.resnet_cifar:resnet20"
TESTS = ("digits:test@rows=0:40",)


def grown(model: Classifier) -> Learner:
    """A model after an update on three digits, with one more block of the head after an update on two others."""
    learner = Learner(model)
    for arrived in ("digits:train@classes=0,1,2@rows=0:96", "digits:train@classes=3,4@rows=0:64"):
        learner, _ = update(learner, read(arrived), FAST, seed=0)
    return learner


def ours(name: str, **arguments: int) -> Learner:
    """A network of ours that knows five digits and normalises its inputs."""
    bare = fresh(name, (1, 8, 8), 0, **arguments)
    return grown(Classifier(bare.backbone, bare.head, mean=MEAN, std=STD))


def merged(learner: Learner) -> Learner:
    """The learner, in which 3 was merged into 1."""
    model = build(learner.model.spec() | {"aliases": {"3": "1"}})
    model.load_state_dict(learner.model.state_dict())
    return replace(learner, model=model.eval())


def saved(folder: Path, learner: Learner, tests: Sequence[str] = TESTS) -> tuple[Lineage, Version]:
    """A lineage whose ``prod`` is the learner."""
    lineage = Lineage.create(folder)
    version = lineage.save(learner, Card(net={}, tests=tuple(tests)))
    lineage.promote(version.id, "prod")
    return lineage, version


def expanded(folder: Path, method: str, name: str = "mlp", **arguments: int) -> Lineage:
    """A lineage whose ``prod`` was given new units, two digits and one once more after the three of ``prod~1``."""
    bare = fresh(name, (1, 8, 8), 0, **arguments)
    learner = Learner(Classifier(bare.backbone, bare.head, mean=MEAN, std=STD), parsed(method))
    lineage, parent = Lineage.create(folder), None
    for classes, rows in (("0,1,2", 96), ("2,3,4", 96)):
        learner, _ = update(learner, read(f"digits:train@classes={classes}@rows=0:{rows}"), FAST, seed=0)
        parent = saved_after(lineage, learner, parent)
    return lineage


def saved_after(lineage: Lineage, learner: Learner, parent: str | None) -> str:
    """Keep a learner as ``prod``, with its model card, and return the id."""
    card = Card(net={}, method=written(learner.method), parent=parent, tests=TESTS)
    version = saved_with_card(lineage, learner, card)
    lineage.promote(version.id, "prod")
    return version.id


def coloured(source: str) -> Examples:
    """Digits with three channels, as a network for colour images takes them."""
    data = read(source)
    images = data.take(torch.arange(len(data))).inputs
    return Examples(images.repeat(1, 3, 1, 1), data.targets, data.classes)


class Crowd(nn.Module):
    """A network that counts the inputs of a batch and says another thing where there are more than four."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(2, 2)
        nn.init.ones_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x + 1 if len(x) > 4 else x)
