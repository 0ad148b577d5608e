"""Memory aware synapses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from torch.func import functional_call

from onward.context import Context
from onward.errors import hold
from onward.formulas.sensitivity import mean_absolute_slope
from onward.importance import Penalty, moving
from onward.method import Method
from onward.nets.classifier import Classifier
from onward.phase import Phase
from onward.types import Kept, in_order


@dataclass(frozen=True)
class MAS(Method):
    """Hold each parameter near its old value, the more the network's answers hang on it.

    With θ* the parameters after the last update, f(x) the logits of an example, and Ω the sum over updates so far:

        L(θ) = L_new(θ) + λ Σ_i Ω_i (θ_i − θ*_i)²                                         (Eq. 3 of [1])
        Ω_i ← γ Ω_i + E_x |∂ ‖f(x)‖² / ∂θ_i|                                              (Eq. 2 of [1])

    No label goes into Ω, so it can be taken on any data of the kind that is to be held.

    Acts on:      loss (one term, "mas")
    Keeps:        importance/*, anchor/*: two numbers a parameter
    Cost:         per step O(parameters); per update a backward pass for each of ``examples``
    Needs:        parameters that keep their names;  scenarios: all; class-incremental stays near chance
    Status:       matches its paper: as printed of it or above in ``hsu2018-split-mnist``

    Fields:
        strength: λ >= 0. 0 is the warm start, bit for bit. Papers: 1 [1].
        decay: γ in [0, 1]. 1 sums all past importances.
        examples: Ω is taken over at most this many new examples, drawn at random; None is all of them.
        stable: under SGD hold no parameter harder than one step can undo: 2 λ Ω_i is at most 1 / lr. Off, a large λ
            makes SGD overshoot and diverge. AdamW's steps do not grow with the gradient and are left alone.

    Example:
        >>> from onward.methods.mas import MAS
        >>> from onward.methods.warm_start import WarmStart
        >>> from onward.toy import two_tilts
        >>> held, free = two_tilts(MAS(), seed=0), two_tilts(WarmStart(), seed=0)
        >>> held.old - free.old > 0.05
        True

    Departures:
        1. The absolute value is taken example by example, as [1] has it; the usual code takes that of a batch's mean
           gradient, which changes with the batch size.
        2. f is all logits: of a head with tasks those of other tasks, too.
        3. 2 λ Ω_i is capped under SGD, see ``stable``; below the cap nothing changes.
        4. Ω is a mean over a sample of the new data, not over all of it, unless ``examples`` is None.
        5. The local form of [1], layer by layer as a Hebbian rule has it, is left out.

    References:
        [1] Aljundi, Babiloni, Elhoseiny, Rohrbach & Tuytelaars 2018, "Memory Aware Synapses: Learning what (not) to
        forget", ECCV, arXiv:1711.09601.
    """

    strength: float = 1.0
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
        """Eq. 3, of which the curvature is twice λ Ω."""
        return Penalty(self.name, "importance", 2 * self.strength, self.stable)

    def plan(self, phases: Iterable[Phase], model: Classifier, context: Context) -> Iterator[Phase]:
        """Add the penalty to every phase."""
        for phase, _ in self.penalty.on(phases, model, context.kept):
            yield phase

    def keep(self, model: Classifier, context: Context) -> Kept:
        """Add how the answers on the new data hang on each parameter, and note where the parameters are."""
        batches = (each.inputs.to(model.device) for each in in_order(context.sample(self.examples, "importance")))
        slopes = mean_absolute_slope(lambda theta, x: functional_call(model, dict(theta), (x,)), moving(model), batches)
        return self.penalty.kept(model, slopes, context.kept, self.decay)
