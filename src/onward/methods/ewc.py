"""Elastic weight consolidation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from torch.func import functional_call

from onward.context import Context
from onward.errors import hold
from onward.formulas.fisher import diagonal_fisher
from onward.importance import Penalty, moving
from onward.method import Method
from onward.nets.classifier import Classifier
from onward.phase import Phase
from onward.types import Kept, in_order


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
    Status:       matches its paper: as printed of it or above in ``doan2023-table6`` (two streams),
                  ``hsu2018-split-mnist`` and ``der2020-mnist``

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

    @property
    def penalty(self) -> Penalty:
        """Eq. 3."""
        return Penalty(self.name, "fisher", self.strength, self.stable)

    def plan(self, phases: Iterable[Phase], model: Classifier, context: Context) -> Iterator[Phase]:
        """Add the penalty to every phase."""
        for phase, _ in self.penalty.on(phases, model, context.kept):
            yield phase

    def keep(self, model: Classifier, context: Context) -> Kept:
        """Add the Fisher of the new data to the decayed sum, and note where the parameters are."""
        batches = (batch.inputs.to(model.device) for batch in in_order(context.sample(self.examples, "fisher")))
        fisher = diagonal_fisher(lambda theta, x: functional_call(model, dict(theta), (x,)), moving(model), batches)
        return self.penalty.kept(model, fisher, context.kept, self.decay)
