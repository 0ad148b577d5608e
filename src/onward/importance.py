"""Parameters held near where they were, each by what it is worth: the quadratic penalty, and what is kept for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from onward.context import part
from onward.errors import InputError
from onward.formulas.parameter_distance import squared_distance
from onward.nets.classifier import Classifier
from onward.nets.grown import gone
from onward.phase import Phase
from onward.step import Step, Term
from onward.types import Kept

ANCHOR = "anchor"
"""Under which what is kept has the parameters as they were after the last update."""


@dataclass(frozen=True)
class Penalty:
    """How parameters are held: ``Σ_i w_i / 2 (θ_i - θ*_i)²`` with ``w = curvature · importance``.

    Args:
        method: its name, which is that of the term.
        kind: under which the importance of each parameter is kept.
        curvature: of the penalty, for an importance of 1.
        stable: under SGD no w is larger than one step can undo, 1 / lr.
    """

    method: str
    kind: str
    curvature: float
    stable: bool

    def on(self, phases: Iterable[Phase], model: Classifier, kept: Kept) -> Iterator[tuple[Phase, dict[str, Tensor]]]:
        """Yield each phase with its penalty, and w by parameter; as it is, and {}, where there is nothing to hold.

        Raises:
            InputError: when a name or a shape is no longer the model's.
        """
        importance, anchor = part(kept, self.kind), part(kept, ANCHOR)
        if not importance or self.curvature == 0:
            yield from ((phase, {}) for phase in phases)
            return
        held = self.matching(model, importance)
        centres = [anchor[name].to(parameter) for name, parameter in held.items()]
        for phase in phases:
            weights = self.weights(phase, held, importance)
            yield phase.plus(**{self.method: penalty(list(held.values()), centres, list(weights.values()))}), weights

    def weights(self, phase: Phase, held: Mapping[str, Tensor], importance: Kept) -> dict[str, Tensor]:
        """Return w by parameter; AdamW's steps do not grow with the gradient, and nothing is capped for it."""
        limit = 1 / phase.settings.lr if self.stable and phase.settings.optimiser == "sgd" else torch.inf
        return {name: (self.curvature * importance[name].to(p)).clamp(max=limit) for name, p in held.items()}

    def matching(self, model: Classifier, importance: Kept) -> dict[str, Tensor]:
        """Return the parameters of which an importance is known; rows of the head that are new have none yet.

        Raises:
            InputError: when a name or a shape is no longer the model's.
        """
        here = dict(model.named_parameters())
        for name, value in importance.items():
            if name not in here or here[name].shape != value.shape:
                now = tuple(here[name].shape) if name in here else "gone"
                raise InputError(
                    f"{self.method} kept '{self.kind}/{name}' of shape {tuple(value.shape)}, but the model's '{name}' "
                    f"is {now}. {gone(self.method)}"
                )
        return {name: here[name] for name in importance}

    def kept(self, model: Classifier, new: dict[str, Tensor], before: Kept, decay: float) -> Kept:
        """Return ``decay`` times the importance so far and what is ``new`` of it, and where the parameters are.

        Args:
            model: as it is after the update.
            new: importance by parameter; changed in place.
            before: what was kept so far.
            decay: in [0, 1].
        """
        for name, value in part(before, self.kind).items():
            new[name] += decay * value.to(new[name])
        anchors = {f"{ANCHOR}/{name}": parameter.detach() for name, parameter in moving(model).items()}
        return {**{f"{self.kind}/{name}": value for name, value in new.items()}, **anchors}


def penalty(parameters: list[Tensor], centres: list[Tensor], weights: list[Tensor]) -> Term:
    """Return the term ``Σ_i w_i / 2 (θ_i - θ*_i)²``."""

    def held(step: Step) -> Tensor:
        return 0.5 * squared_distance(parameters, centres, weights)

    return held


def moving(model: Classifier) -> dict[str, Tensor]:
    """Return the parameters that an update moves, by name."""
    return {name: parameter for name, parameter in model.named_parameters() if model.trains(name)}
