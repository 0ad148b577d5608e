"""One batch of a phase, as it goes through the model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from onward.errors import InputError
from onward.nets.classifier import Classifier
from onward.types import Batch, Data


class Outputs(NamedTuple):
    """What a network says of a batch. features: (b, d); logits: (b, classes)."""

    features: Tensor
    logits: Tensor


class Piece(NamedTuple):
    """Where some of a batch's examples lie: rows (b',) int64 of ``data``, the phase's ``given`` or a copy of it."""

    data: Data
    rows: Tensor
    given: Data | None = None


class Step:
    """One batch going through the model. Read what you need; it is computed once.

    Args:
        model: in training.
        batch: the examples, on the model's device.
        generator: from which terms and edits draw; another one in each epoch.
        parent: gives the parent's outputs on the batch; None on the first update.
        features: what computes the features; the model's own unless compiled.
        pieces: of what the batch consists, in order: of the phase's data, and of each of its mixes.
        apart: a step for each of the phase's ``apart``, by it.
    """

    def __init__(
        self,
        model: Classifier,
        batch: Batch,
        generator: Generator,
        parent: Callable[[], Outputs] | None = None,
        features: Callable[[Tensor], Tensor] | None = None,
        pieces: Sequence[Piece] = (),
        apart: Mapping[object, Step] = MappingProxyType({}),
    ) -> None:
        """Hold what the terms will ask for."""
        self.model, self.generator, self.pieces, self.apart = model, generator, pieces, apart
        self.inputs, self.targets = batch.inputs, model.meant(batch.targets)
        self._parent, self._features = parent, features or model.features
        # Not cached_property: on Python 3.11 that takes a lock at each first reading, which a small step would feel.
        self._seen: Tensor | None = None
        self._said: Tensor | None = None
        self._old: Outputs | None = None

    @property
    def features(self) -> Tensor:
        """The features, (b, d)."""
        if self._seen is None:
            self._seen = self._features(self.inputs)
        return self._seen

    @property
    def logits(self) -> Tensor:
        """The logits, (b, classes)."""
        if self._said is None:
            self._said = self.model.logits(self.features)
        return self._said

    @property
    def old(self) -> Outputs:
        """The parent's features and logits, (b, old classes), without gradient; the same examples, seen the same."""
        if self._old is None:
            if self._parent is None:
                raise InputError("this term needs a parent model, but this is the lineage's first update")
            self._old = self._parent()
        return self._old

    def again(self) -> Step:
        """Return the step of the same examples, of which nothing is seen but what the parent said."""
        step = self.part(slice(None), self.pieces)
        step._old = self._old
        return step

    def seen_by(self, features: Callable[[Tensor], Tensor], parent: Callable[[], Outputs]) -> Step:
        """Return the step of the same examples, seen by another function and another parent; what is apart stays.

        Args:
            features: what computes the features, (b, *shape) -> (b, d).
            parent: gives the parent's outputs on the batch.
        """
        batch = Batch(self.inputs, self.targets)
        return Step(self.model, batch, self.generator, parent, features, self.pieces, self.apart)

    def part(self, rows: Tensor | slice, pieces: Sequence[Piece] = ()) -> Step:
        """Return the step of some of its examples, (b',), by their places in the batch; nothing seen is carried on."""
        apart = {mix: each.part(slice(None), each.pieces) for mix, each in self.apart.items()}
        old = None if self._parent is None else lambda: Outputs(*(each[rows] for each in self.old))
        some = Batch(self.inputs[rows], self.targets[rows])
        return Step(self.model, some, self.generator, old, self._features, pieces, apart)

    def joined(self, other: Step) -> Step:
        """Return the step of these examples and, as one more mix, those of another; nothing seen is carried on."""
        old = None if self._parent is None else lambda: Outputs(*map(torch.cat, zip(self.old, other.old, strict=True)))
        batch = Batch(torch.cat([self.inputs, other.inputs]), torch.cat([self.targets, other.targets]))
        return Step(self.model, batch, self.generator, old, self._features, (*self.pieces, *other.pieces), self.apart)


Term = Callable[[Step], Tensor]
Edit = Callable[[Step], None]
Choice = Callable[[Step], Step]


def cross_entropy(step: Step) -> Tensor:
    """Return the mean cross-entropy of a batch, among the classes of each target's task where a head has tasks."""
    return F.cross_entropy(step.model.among_task(step.logits, step.targets), step.targets)
