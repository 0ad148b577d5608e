"""The L2 penalty with the parent as its starting point (L2-SP)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from torch import Tensor

from onward.context import Context
from onward.errors import hold
from onward.formulas.parameter_distance import squared_distance
from onward.method import Method
from onward.nets.classifier import Classifier
from onward.nets.grown import beside_parent
from onward.phase import Phase
from onward.step import Step, Term


@dataclass(frozen=True)
class L2ToParent(Method):
    """Hold every parameter near its value in the parent, each as hard as any other.

    With θ* the parent's parameters, and i over those that it has and that an update moves:

        L(θ) = L_new(θ) + λ/2 Σ_i (θ_i − θ*_i)²                                           (L2-SP of [1])

    It is ``ewc`` with every Fisher at 1, so that what the Fisher adds can be told from what any anchor does. Rows of
    the head that are new have no value in the parent and are free.

    Acts on:      loss (one term, "l2_to_parent")
    Keeps:        nothing
    Cost:         per step O(parameters)
    Needs:        a parent, parameters that keep their names;  scenarios: all; class-incremental stays near chance
    Status:       differs from its paper: as printed of it in ``hsu2018-split-mnist`` where the task is told or classes
                  are shared, below where classes are new, whose rows are free here

    Fields:
        strength: λ >= 0. 0 is the warm start, bit for bit. SGD overshoots and diverges from about 2 / lr on.
            Papers: 0.001-0.1 [1].

    Example:
        >>> from onward.methods.l2_to_parent import L2ToParent
        >>> from onward.methods.warm_start import WarmStart
        >>> from onward.toy import two_tilts
        >>> held, free = two_tilts(L2ToParent(strength=0.1), seed=0), two_tilts(WarmStart(), seed=0)
        >>> held.old - free.old > 0.05
        True

    Departures:
        1. New rows of the head are not drawn to zero (β in [1]); the settings' weight decay does so where wanted.
        2. Weight decay stays what the settings say; in [1] the penalty stands in its place.
        3. The parent is the last version, so the anchor moves with each update; in [1] there is one.

    References:
        [1] Li, Grandvalet & Davoine 2018, "Explicit inductive bias for transfer learning with convolutional networks",
            ICML, arXiv:1802.01483.
    """

    strength: float = 0.1

    def __post_init__(self) -> None:
        """Refuse values outside their ranges."""
        hold({"strength must be >= 0": self.strength >= 0}, vars(self))

    def plan(self, phases: Iterable[Phase], model: Classifier, context: Context) -> Iterator[Phase]:
        """Add the penalty to every phase, over the parameters that the phase moves."""
        if context.old is None or self.strength == 0:
            yield from phases
            return
        pairs = beside_parent(model, context.old, self.name)
        for phase in phases:
            moving = [pair for name, pair in pairs.items() if phase.trains(name)]
            yield phase.plus(l2_to_parent=penalty(moving, self.strength)) if moving else phase


def penalty(pairs: list[tuple[Tensor, Tensor]], strength: float) -> Term:
    """Return the term ``λ/2 Σ_i (θ_i - θ*_i)²`` over pairs of θ_i and θ*_i."""
    parameters, centres = zip(*pairs, strict=True)

    def l2_to_parent(step: Step) -> Tensor:
        return strength / 2 * squared_distance(parameters, centres)

    return l2_to_parent
