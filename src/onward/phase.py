"""A stretch of optimisation and one batch of it: what methods are given to change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from onward.errors import InputError, listed
from onward.nets.classifier import Classifier
from onward.nets.subspace import Subspace
from onward.settings import Settings
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
        apart: a step for each of the phase's ``apart``.
    """

    def __init__(
        self,
        model: Classifier,
        batch: Batch,
        generator: Generator,
        parent: Callable[[], Outputs] | None = None,
        features: Callable[[Tensor], Tensor] | None = None,
        pieces: Sequence[Piece] = (),
        apart: Sequence[Step] = (),
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

    def part(self, rows: Tensor | slice, pieces: Sequence[Piece] = ()) -> Step:
        """Return the step of some of its examples, (b',), by their places in the batch; nothing seen is carried on."""
        apart = [each.part(slice(None), each.pieces) for each in self.apart]
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


def everything(name: str) -> bool:
    """Say of each parameter that it is trained."""
    return True


def in_head(name: str) -> bool:
    """Say of a classifier's parameter whether it is the head's."""
    return name.startswith("head.")


def evenly(name: str) -> float:
    """Say of each parameter that its learning rate is the phase's."""
    return 1.0


@dataclass(frozen=True)
class Mix:
    """Examples that go beside each batch: ``size`` of ``data``, dealt so that each comes equally often."""

    data: Data
    size: int


@dataclass(frozen=True)
class Phase:
    """One stretch of optimisation: what is minimised, on which data, over which parameters.

    Args:
        name: for the record and the progress.
        data: an epoch passes over it once, in a shuffled order.
        settings: how it is optimised.
        terms: the sum of which is minimised; each is logged under its name.
        mixes: what goes beside each batch.
        apart: what goes with each batch for those terms alone that ask for it: ``Step.apart``.
        choices: run before the terms, in order; each gives the step that goes on, of other examples.
        trains: says by name which parameters move.
        pace: says by name by what the learning rate of a parameter is multiplied, > 0.
        edits: run after the backward pass and before the optimiser's step, in order; they may change gradients.
        on_features: whether the data is features already, (n, d) floats as the model makes them now: none is augmented,
            what is mixed in comes as its features, and the parent's outputs are what its head says of the same. Such a
            phase trains the head alone: ``in_head``.
        within: the subspace between whose corners each step finds the model's weights; None: they move themselves.
    """

    name: str
    data: Data
    settings: Settings
    terms: Mapping[str, Term] = field(default_factory=lambda: {"cross_entropy": cross_entropy})
    mixes: tuple[Mix, ...] = ()
    apart: tuple[Mix, ...] = ()
    choices: tuple[Choice, ...] = ()
    trains: Callable[[str], bool] = everything
    pace: Callable[[str], float] = evenly
    edits: tuple[Edit, ...] = ()
    on_features: bool = False
    within: Subspace | None = None

    def plus(self, **terms: Term) -> Phase:
        """Add summands to the objective. A name that is taken gets a number."""
        every = dict(self.terms)
        for name, term in terms.items():
            every[unused(name, every)] = term
        return replace(self, terms=every)

    def exchanged(self, term: Term, name: str = "cross_entropy") -> Phase:
        """Put ``term`` in the place of the plain cross-entropy, under the same name or another.

        Raises:
            InputError: when the cross-entropy is not there any more: another method put a loss of its own in its place.
        """
        if self.terms.get("cross_entropy") is not cross_entropy:
            raise InputError(
                f"the cross-entropy of phase '{self.name}' has another loss in its place already, or none: it has "
                f"{listed(self.terms)}. Two methods of one chain cannot both choose the loss on the new data; leave "
                "one of them out"
            )
        every = [(name, term) if key == "cross_entropy" else (key, each) for key, each in self.terms.items()]
        return replace(self, terms=dict(every))

    def mixed(self, data: Data, size: int) -> Phase:
        """Put ``size`` examples of ``data`` beside every batch; of nothing, nothing."""
        size = min(size, len(data))
        return replace(self, mixes=(*self.mixes, Mix(data, size))) if size else self

    def aside(self, data: Data, size: int) -> Phase:
        """Let ``size`` examples of ``data`` go with every batch, apart from it; they are the last of ``Step.apart``."""
        return replace(self, apart=(*self.apart, Mix(data, min(size, len(data)))))

    def only(self, trains: Callable[[str], bool]) -> Phase:
        """Hold every parameter still, bit for bit, that ``trains`` does not name."""
        before = self.trains
        return replace(self, trains=lambda name: before(name) and trains(name))

    def paced(self, pace: Callable[[str], float]) -> Phase:
        """Multiply each parameter's learning rate by what ``pace`` says of its name."""
        before = self.pace
        return replace(self, pace=lambda name: before(name) * pace(name))

    def edited(self, edit: Edit) -> Phase:
        """Project, mask or observe gradients."""
        return replace(self, edits=(*self.edits, edit))

    def inside(self, subspace: Subspace) -> Phase:
        """Let each step look from points between the corners of a subspace, and move these.

        Raises:
            InputError: when another method has put the phase into a subspace of its own, or its settings ask for
                another optimiser than SGD with plain momentum.
        """
        if self.settings.optimiser != "sgd" or self.settings.nesterov:
            raise InputError(
                f"the corners of a subspace share one gradient by SGD with plain momentum, but phase '{self.name}' "
                f"asks for {'nesterov' if self.settings.nesterov else self.settings.optimiser}. Set optimiser to sgd "
                "and leave out nesterov"
            )
        if self.within is not None:
            raise InputError(
                f"phase '{self.name}' moves within a subspace already; of the methods of one chain only one can choose "
                "it. Leave the others out"
            )
        return replace(self, within=subspace)

    def tuned(self, **settings: Any) -> Phase:  # noqa: ANN401 - the types are those of Settings
        """Change settings for this phase alone."""
        return replace(self, settings=replace(self.settings, **settings))


def unused(name: str, taken: Iterable[str]) -> str:
    """Return ``name``, or ``name.2``, ``name.3`` ... where it is taken."""
    there, number, free = set(taken), 1, name
    while free in there:
        number += 1
        free = f"{name}.{number}"
    return free
