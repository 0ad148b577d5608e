"""Elastic weight consolidation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.func import functional_call

from onward.context import Context, part
from onward.errors import InputError, hold
from onward.formulas.fisher import diagonal_fisher
from onward.formulas.parameter_distance import squared_distance
from onward.method import Method
from onward.nets.classifier import Classifier
from onward.nets.grown import gone
from onward.phase import Phase, Step, Term
from onward.types import Kept, in_order, subset


@dataclass(frozen=True)
class EWC(Method):
    """Hold each parameter near its old value, the more it mattered to the past (online form).

    With θ* the parameters after the last update and F the sum of all Fishers so far:

        L(θ) = L_new(θ) + λ/2 Σ_i F_i (θ_i − θ*_i)²                                       (Eq. 3 of [1])
        F ← γ F + F_new                                                                   ([2])

    F is the diagonal Fisher information of the new data at θ*, exact in the label.

    Acts on:      loss (one term, "ewc")
    Keeps:        fisher/*, anchor/*: two numbers a parameter
    Cost:         per step O(parameters); per update a backward pass for each of ``examples`` and each class
    Needs:        parameters that keep their names;  scenarios: all; class-incremental stays near chance

    Fields:
        strength: λ >= 0. 0 is the warm start, bit for bit. Papers: 10-10⁴ [1], [3].
        decay: γ in [0, 1]. 1 sums all past Fishers.
        examples: the Fisher is taken over at most this many new examples, drawn at random; None is all of them.
            Papers: 1000 [3].
        stable: under SGD hold no parameter harder than one step can undo: λ F_i is at most 1 / lr. Off, a large λ
            makes SGD overshoot and diverge. AdamW's steps do not grow with the gradient and are left alone.

    Example:
        >>> from onward.methods.ewc import EWC
        >>> from onward.methods.warm_start import WarmStart
        >>> from onward.toy import two_tilts
        >>> held, free = two_tilts(EWC(strength=30.0), seed=0), two_tilts(WarmStart(), seed=0)
        >>> held.old - free.old > 0.05
        True

    Departures:
        1. One running Fisher instead of one for each experience, as [2] argues.
        2. The Fisher is exact in the label; the usual code uses true labels or squared batch means [3].
        3. λ F_i is capped under SGD, see ``stable``; below the cap nothing changes.
        4. The Fisher is a mean over a sample of the new data, not over all of it, unless ``examples`` is None.

    References:
        [1] Kirkpatrick et al. 2017, PNAS, arXiv:1612.00796.  [2] Huszár 2018, PNAS, arXiv:1712.03847.
        [3] van de Ven 2025, arXiv:2502.11756.
    """

    strength: float = 100.0
    decay: float = 1.0
    examples: int | None = 1000
    stable: bool = True

    def __post_init__(self) -> None:
        """Refuse values outside their ranges."""
        rules = {
            "strength must be >= 0": self.strength >= 0,
            "decay must be in [0, 1]": 0 <= self.decay <= 1,
            "examples must be >= 1 or left out": self.examples is None or self.examples >= 1,
        }
        hold(rules, vars(self))

    def plan(self, phases: Iterable[Phase], model: Classifier, context: Context) -> Iterator[Phase]:
        """Add the penalty to every phase."""
        fisher, anchor = part(context.kept, "fisher"), part(context.kept, "anchor")
        if not fisher or self.strength == 0:
            yield from phases
            return
        held = matching(model, fisher)
        centres = [anchor[name].to(parameter) for name, parameter in held.items()]
        for phase in phases:
            limit = 1 / phase.settings.lr if self.stable and phase.settings.optimiser == "sgd" else torch.inf
            weights = [(self.strength * fisher[name].to(p)).clamp(max=limit) for name, p in held.items()]
            yield phase.plus(ewc=penalty(list(held.values()), centres, weights))

    def keep(self, model: Classifier, context: Context) -> Kept:
        """Add the Fisher of the new data to the decayed sum, and note where the parameters are."""
        parameters = {name: parameter for name, parameter in model.named_parameters() if model.trains(name)}
        new = context.new
        if self.examples is not None and len(new) > self.examples:
            new = subset(new, torch.randperm(len(new), generator=context.generator("fisher"))[: self.examples])
        batches = (batch.inputs.to(model.device) for batch in in_order(new))
        fisher = diagonal_fisher(lambda theta, x: functional_call(model, dict(theta), (x,)), parameters, batches)
        for name, before in part(context.kept, "fisher").items():
            fisher[name] += self.decay * before.to(fisher[name])
        anchors = {f"anchor/{name}": parameter.detach() for name, parameter in parameters.items()}
        return {**{f"fisher/{name}": value for name, value in fisher.items()}, **anchors}


def penalty(parameters: list[Tensor], centres: list[Tensor], weights: list[Tensor]) -> Term:
    """Return the term ``Σ_i w_i / 2 (θ_i - θ*_i)²``, Eq. 3 with w = λ F."""

    def ewc(step: Step) -> Tensor:
        return 0.5 * squared_distance(parameters, centres, weights)

    return ewc


def matching(model: Classifier, fisher: Kept) -> dict[str, Tensor]:
    """Return the parameters that a Fisher speaks of; rows of the head that are new have none yet.

    Raises:
        InputError: when a name or a shape is no longer the model's.
    """
    here = dict(model.named_parameters())
    for name, value in fisher.items():
        if name not in here or here[name].shape != value.shape:
            now = tuple(here[name].shape) if name in here else "gone"
            raise InputError(
                f"ewc kept 'fisher/{name}' of shape {tuple(value.shape)}, but the model's '{name}' is {now}. "
                f"{gone('ewc')}"
            )
    return {name: here[name] for name in fisher}
