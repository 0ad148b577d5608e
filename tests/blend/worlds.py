"""Lineages whose versions have weights that are known."""

from __future__ import annotations

import copy
from dataclasses import replace
from functools import cache
from pathlib import Path

import torch
from tests.amend.worlds import put
from tests.conformance.scenarios import SETTINGS, clouds, mlp

from onward.blend.parts import Part
from onward.catalogue import parsed
from onward.engine.update import update
from onward.learner import Learner
from onward.nets.classifier import Classifier
from onward.release.saving import saved
from onward.rng import generator
from onward.store.card import Card
from onward.store.lineage import Lineage
from onward.store.version import Version
from onward.types import Kept

TEST = clouds("abc", 9, shift=1.5)


def kept(
    lineage: Lineage,
    model: Classifier,
    parent: Version | None = None,
    tests: tuple[str, ...] = (),
    method: str = "warm_start",
    keeps: Kept | None = None,
) -> Version:
    """Keep a network as a version."""
    learner = Learner(model.eval(), parsed(method), keeps or {})
    return saved(lineage, learner, Card(net={}, method=method, parent=parent.id if parent else None, tests=tests))


def knowing(names: str, seed: int, spread: float = 1.0, **more: object) -> Classifier:
    """A network whose backbone is always the same, and whose head depends on the seed."""
    model = Classifier(mlp().backbone, mlp().head, **more)
    model.grow(names.split(), seed)
    with torch.no_grad():
        for parameter in model.head.parameters():
            parameter.copy_(spread * torch.randn(parameter.shape, generator=generator(seed, "head", *parameter.shape)))
    return model


@cache
def trained() -> Classifier:
    """A network that has learnt its three classes; to be copied, not changed."""
    return update(Learner(mlp()), clouds("abc", 1), replace(SETTINGS, epochs=8), seed=1)[0].model


def elsewhere(model: Classifier, seed: int) -> Classifier:
    """A network with another backbone as well."""
    moved = copy.deepcopy(model)
    with torch.no_grad():
        for parameter in moved.backbone.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator(seed, "moved")))
    return moved


def family(folder: Path) -> tuple[Lineage, Version, Version, Version]:
    """A lineage of a first version, its child, and that one's child, which knows a class more; each has a test set."""
    lineage = Lineage.create(folder / "lineage")
    old, new = put(folder / "old.npz", TEST), put(folder / "new.npz", clouds("d", 9))
    first = kept(lineage, knowing("a b c", 1), tests=(old,))
    child = kept(lineage, elsewhere(knowing("a b c", 2), 2), first, tests=(old,))
    grown = elsewhere(knowing("a b c", 3), 3)
    grown.grow(["d"], 3)
    last = kept(lineage, grown, child, tests=(old, new))
    lineage.promote(first.id, "prod")
    return lineage, first, child, last


def parts(lineage: Lineage, *versions: Version) -> list[Part]:
    return [Part.of(lineage, version.id) for version in versions]
