"""Small lineages, whole ones and such as a liar would write."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from onward.learner import Learner
from onward.nets.zoo import fresh
from onward.rng import generator
from onward.store.card import Card
from onward.store.lineage import Lineage
from onward.store.version import Version

POINTS = torch.randn(5, 2, generator=generator(0, "points"))


def learner(seed: int, classes: str = "ab") -> Learner:
    """A network of some twenty numbers, and something that a method might have kept."""
    model = fresh("mlp", (2,), seed, width=4, depth=1)
    model.grow(classes, seed)
    return Learner(model.eval(), kept={"replay/seen": torch.tensor(seed)})


def saved(lineage: Lineage, seed: int, parent: Version | None = None, **facts: Any) -> Version:
    """A version of its own kind for each seed: the same one whenever and wherever it is saved."""
    card = Card(net={}, seed=seed, parent=parent.id if parent else None, created="2026-01-01T00:00:00+00:00", **facts)
    return lineage.save(learner(seed), card)


def two_versions(folder: Path) -> tuple[Lineage, Version, Version]:
    """A lineage in which ``prod`` went from the first version to the second."""
    lineage = Lineage.create(folder)
    first = saved(lineage, 1)
    second = saved(lineage, 2, first)
    for version in (first, second):
        lineage.promote(version.id, "prod")
    return lineage, first, second


def recarded(lineage: Lineage, version: Version, values: object) -> str:
    """Give a version another card and the id that goes with it: only what the card says can be wrong now."""
    raw = values if isinstance(values, bytes) else json.dumps(values).encode()
    id = hashlib.sha256(raw).hexdigest()
    (version.path / "card.json").write_bytes(raw)
    version.path.rename(lineage.versions / id)
    return id


def lying(lineage: Lineage, version: Version, **changes: Any) -> str:
    """Give a version a card with some values changed, and the id that goes with it."""
    return recarded(lineage, version, json.loads((version.path / "card.json").read_bytes()) | changes)


def tensors(held: Learner) -> dict[str, Tensor]:
    """All tensors of a learner."""
    model = {f"model/{name}": tensor for name, tensor in held.model.state_dict().items()}
    return model | {f"kept/{name}": tensor for name, tensor in held.kept.items()}


def same_bits(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(
        one[name].dtype == other[name].dtype and torch.equal(one[name], other[name]) for name in one
    )


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
