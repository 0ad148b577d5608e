"""A stretch of optimisation: what methods are given to change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from torch import Tensor

from onward.errors import InputError, listed
from onward.nets.classifier import Classifier
from onward.nets.subspace import Subspace
from onward.settings import Settings
from onward.step import Choice, Edit, Term, cross_entropy
from onward.types import Data

Follower = Callable[[Classifier], None]
Climb = Callable[[Sequence[Tensor], Sequence[Tensor]], Sequence[Tensor]]
"""From parameters and gradients to what is added to the parameters, in the same order and shapes."""


def everything(name: str) -> bool:
    """Say of each parameter that it is trained."""
    return True


def in_head(name: str) -> bool:
    """Say of a classifier's parameter whether it is the head's."""
    return name.startswith("head.")


def evenly(name: str) -> float:
    """Say of each parameter that its learning rate is the phase's."""
    return 1.0


@dataclass(frozen=True, eq=False)
class Mix:
    """Examples that go with each batch: ``size`` of ``data``, dealt so that each comes equally often."""

    data: Data
    size: int

    @classmethod
    def of(cls, data: Data, most: int) -> Mix:
        """Return as many of ``data`` in each batch as there are, and at most so many."""
        return cls(data, min(most, len(data)))


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
        followers: are shown the model where the phase begins and after every step, in order; in a subspace, its
            midpoint. They may read weights, and leave them as they are.
        climb: gives the way from where a step begins to where its gradient is taken, by the gradient where it begins;
            None: it is taken there. Edits see the model where the step begins.
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
    followers: tuple[Follower, ...] = ()
    climb: Climb | None = None

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
        mix = Mix.of(data, size)
        return replace(self, mixes=(*self.mixes, mix)) if mix.size else self

    def aside(self, *mixes: Mix) -> Phase:
        """Let examples go with every batch, apart from it: ``Step.apart`` has a step for each mix."""
        return replace(self, apart=(*self.apart, *mixes))

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

    def followed(self, follower: Follower) -> Phase:
        """Show the way of the weights to ``follower``."""
        return replace(self, followers=(*self.followers, follower))

    def climbing(self, climb: Climb) -> Phase:
        """Take each step's gradient elsewhere: two passes a step.

        Raises:
            InputError: when another method does so already.
        """
        if self.climb is not None:
            raise InputError(
                f"each step of phase '{self.name}' climbs already before its gradient is taken; of the methods of one "
                "chain only one can choose where to. Leave the others out"
            )
        return replace(self, climb=climb)

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
