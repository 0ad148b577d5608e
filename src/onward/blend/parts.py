"""The versions whose weights are to be averaged: of one architecture, under classes that go on from one another."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import torch

from onward.errors import InputError, StoreError
from onward.learner import Learner
from onward.nets.averaging import BLOCKS, mean_of_models, moved_norms, renormalise
from onward.nets.classifier import Classifier
from onward.rng import generator
from onward.store.class_history import classes_of
from onward.store.class_map import broken
from onward.store.lineage import Lineage
from onward.store.version import Version
from onward.types import Data

Statistics = Literal["none", "anew", "interpolated"]
"""What becomes of batch norm's running statistics: there are none that moved, they are taken anew, or averaged."""


@dataclass(frozen=True, eq=False)
class Part:
    """A version, and where it is kept."""

    lineage: Lineage
    version: Version
    learner: Learner

    @classmethod
    def of(cls, lineage: Lineage, reference: str) -> Part:
        """Return the version that a reference means.

        Raises:
            InputError: when it leads nowhere.
            StoreError: when the version is not what its card says.
        """
        version = lineage.version(reference)
        return cls(lineage, version, lineage.load(version.id))

    @property
    def model(self) -> Classifier:
        """Its network."""
        return self.learner.model

    @property
    def line(self) -> list[str]:
        """The ids of the version and of its ancestors, the youngest first, as far as they can be followed."""
        ids, card = [self.version.id], self.version.card
        with suppress(StoreError):  # an ancestor is gone: its own are not known, but it is
            while card.parent is not None:
                ids.append(card.parent)
                card = self.lineage.read(card.parent).card
        return ids


@dataclass(frozen=True, eq=False)
class Parts:
    """Versions that can be averaged.

    Args:
        parts: in the order in which they were named.
        frame: the one whose classes go on from those of all others: an average has its classes, its method, and what
            that kept.
        statistics: examples from which batch norm's running statistics are taken anew; None averages them.
    """

    parts: tuple[Part, ...]
    frame: Part
    statistics: Data | None = None

    def learner(self, weights: Sequence[float]) -> Learner:
        """Return the average, one weight for each part; see ``nets.averaging``."""
        model = mean_of_models(self.frame.model, [part.model for part in self.parts], weights)
        if self.statistics is not None:
            renormalise(model, self.statistics, generator(0, "blend", "statistics"), self.differ)
        return replace(self.frame.learner, model=model.eval())

    def between(self, alpha: float) -> Learner:
        """Return the point α of the line from the first of two parts to the second."""
        return self.learner((1 - alpha, alpha))

    @cached_property
    def differing(self) -> frozenset[str]:
        """The names of the modules in whose own parameters or statistics the parts differ, the head's aside."""
        own, *others = [part.model.state_dict() for part in self.parts]
        names = [name for name in own if not name.startswith(BLOCKS)]
        unlike = [name for name in names if not all(torch.equal(own[name], each[name]) for each in others)]
        return frozenset(name.rpartition(".")[0] for name in unlike)

    def differ(self, name: str) -> bool:
        """Say whether the parts differ in the module of a parameter, by the parameter's name."""
        return name.rpartition(".")[0] in self.differing

    @property
    def done_about_statistics(self) -> Statistics:
        """What becomes of batch norm's running statistics."""
        if not any(True for _ in moved_norms(self.frame.model, self.differ)):
            return "none"
        return "interpolated" if self.statistics is None else "anew"


def parts_of(parts: Sequence[Part]) -> Parts:
    """Return versions as they can be averaged.

    Raises:
        InputError: when one comes twice or knows no class, their architectures differ, or their classes do not go on
            from one another.
    """
    ids = [part.version.id for part in parts]
    if twice := next((part for part in parts if ids.count(part.version.id) > 1), None):
        raise InputError(f"version {twice.version.short} is named twice; name versions that differ")
    if empty := next((part for part in parts if not part.learner.classes), None):
        raise InputError(f"version {empty.version.short} knows no class yet; update it first")
    first, *others = parts
    for other in others:
        check_architecture(first, other)
    return Parts(tuple(parts), frame_of(parts))


def check_architecture(one: Part, other: Part) -> None:
    """Refuse versions whose weights do not belong to the same places.

    Raises:
        InputError: with what differs.
    """
    told, here = one.model.spec(), other.model.spec()
    for fact in ("backbone", "features", "bias", "mean", "std"):
        if told[fact] != here[fact]:
            raise InputError(
                f"versions {one.version.short} and {other.version.short} are not of one architecture, so no weights "
                f"lie between theirs: {fact} is {told[fact]} there and {here[fact]} here"
            )


def frame_of(parts: Sequence[Part]) -> Part:
    """Return the part whose classes go on from those of all others; of several, one that no other descends from.

    Raises:
        InputError: with what one class id means in two of them.
    """
    maps = {part.version.id: classes_of(part.lineage, part.version) for part in parts}

    def against(frame: Part) -> list[str]:
        """Return what keeps a part's classes from going on from those of the others."""
        model = frame.model
        return [
            f"version {other.version.short} and version {frame.version.short}: {wrong}"
            for other in parts
            for wrong in (
                *broken(maps[other.version.id], model.classes, model.aliases),
                *different_tasks(other.model, model),
            )
        ]

    fitting = [part for part in parts if not against(part)]
    if not fitting:
        most = max(parts, key=lambda part: len(part.learner.classes))
        raise InputError(f"the classes of these versions cannot be counted alike: {'; '.join(against(most))}")
    older = {id for part in fitting for id in part.line[1:]}
    return next(part for part in fitting if part.version.id not in older)


def different_tasks(one: Classifier, other: Classifier) -> list[str]:
    """Return a phrase where two networks do not have the classes that they share in the same tasks."""
    shared = min(len(one.classes), len(other.classes))
    there, here = (None if each.tasks is None else each.tasks[:shared] for each in (one, other))
    return [] if there == here else [f"tasks are {there} there and {here} here"]


def check_related(parts: Sequence[Part]) -> None:
    """Refuse versions that do not descend from one.

    Raises:
        InputError: naming two that do not.
    """
    first, *others = parts
    for other in others:
        if not related(first, other):
            raise InputError(
                f"versions {first.version.short} and {other.version.short} have no common ancestor, and the mean of "
                "weights that were not trained from the same ones is worth nothing; `onward connect` shows the "
                "barrier between them"
            )


def related(one: Part, other: Part) -> bool:
    """Say whether two versions descend from one, or one from the other."""
    return not set(one.line).isdisjoint(other.line)
