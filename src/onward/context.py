"""What every verb of a method may read."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass, field, replace

import torch
from torch import Generator, Tensor

from onward.nets.classifier import Classifier
from onward.rng import generator
from onward.settings import Settings
from onward.types import Data, Kept, subset


class Scratch(MutableMapping[str, Tensor]):
    """Tensors that live for one update, between ``plan`` and ``keep``. Each method of a chain has its own part."""

    def __init__(self, store: dict[str, Tensor] | None = None, prefix: str = "") -> None:
        """Look into ``store`` under ``prefix``."""
        self._store: dict[str, Tensor] = {} if store is None else store
        self._prefix = prefix

    def under(self, key: str) -> Scratch:
        """Return the part of one method."""
        return Scratch(self._store, f"{self._prefix}{key}/")

    def __setitem__(self, name: str, value: Tensor) -> None:
        """Hold a tensor; anything else could not be written to a journal."""
        if not isinstance(value, Tensor):
            raise TypeError(f"scratch holds tensors only, '{name}' is a {type(value).__name__}")
        self._store[self._prefix + name] = value

    def __getitem__(self, name: str) -> Tensor:
        """Return the tensor under ``name``."""
        return self._store[self._prefix + name]

    def __delitem__(self, name: str) -> None:
        """Let go of a tensor."""
        del self._store[self._prefix + name]

    def __iter__(self) -> Iterator[str]:
        """Yield the names of this part."""
        return iter([name[len(self._prefix) :] for name in self._store if name.startswith(self._prefix)])

    def __len__(self) -> int:
        """Return how many there are in this part."""
        return sum(1 for _ in self)


@dataclass(frozen=True)
class Context:
    """What every verb of a method may read.

    Args:
        new: the training data of this update; its targets count the model's classes.
        old: the parent model, frozen and in eval mode; None on the first update.
        kept: what this method kept last time; {} the first time.
        settings: the run's.
        seed: the run's; draw through ``generator``.
        validation: new data that was held back from training; None when there is none.
        scratch: tensors that live until ``keep`` has run.
        path: the method's name within a chain; part of the name of its random streams.
    """

    new: Data
    old: Classifier | None
    kept: Kept
    settings: Settings
    seed: int
    validation: Data | None = None
    scratch: Scratch = field(default_factory=Scratch)
    path: tuple[str, ...] = ()

    def generator(self, *names: str | int) -> Generator:
        """Return a fresh generator for a purpose: the same names, the same draws, whatever else a chain does."""
        return generator(self.seed, *self.path, *names)

    def sample(self, most: int | None, purpose: str) -> Data:
        """Return the new data, or ``most`` examples of it drawn at random for a purpose: the same whenever asked."""
        if most is None or len(self.new) <= most:
            return self.new
        return subset(self.new, torch.randperm(len(self.new), generator=self.generator(purpose))[:most])

    def under(self, key: str) -> Context:
        """Return the context as one method of a chain sees it."""
        return replace(self, kept=part(self.kept, key), scratch=self.scratch.under(key), path=(*self.path, key))


def part(kept: Kept, key: str) -> dict[str, Tensor]:
    """Return what stands under ``key/``, without it."""
    return {name[len(key) + 1 :]: tensor for name, tensor in kept.items() if name.startswith(key + "/")}
