"""Sharpness-aware minimisation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from onward.context import Context
from onward.errors import hold
from onward.formulas.ascent import ascent
from onward.method import Method
from onward.nets.classifier import Classifier
from onward.phase import Phase


@dataclass(frozen=True)
class SAM(Method):
    """Go down the slope that the loss has at the highest point nearby, into flat regions.

    With L the loss on a batch, each step climbs to the highest point within ρ, to first order, looks there, and goes
    on from where it was:

        ε = ρ ∇L(θ) / ‖∇L(θ)‖                                                             (Eq. 2 of [1])
        g = ∇L(θ + ε),   θ ← θ − η g                                                      (Alg. 1 of [1])

    In a flat region the steps of later updates cost the past less [3]. Nothing of the past is held by itself.

    Acts on:      where the gradient is taken
    Keeps:        nothing
    Cost:         two forward and two backward passes in each step, both in the bill
    Needs:        no other method in the chain that chooses where the gradient is taken;  scenarios: all; holds nothing
                  by itself
    Status:       not measured

    Fields:
        rho: ρ >= 0. 0 is the warm start, bit for bit. Papers: 0.05 [1]; 0.5 and 1, ``adaptive`` [2].
        adaptive: measure ε relative to the weights: ε = ρ T² ∇L / ‖T ∇L‖ with T = |θ| + 0.01 [2].

    Example:
        >>> from onward import Learner, fresh, update
        >>> from onward.engine.curvature import top_eigenvalues
        >>> from onward.methods.sam import SAM
        >>> from onward.toy import SETTINGS, blobs
        >>> data = blobs({"left": (-2.0, 0.0), "right": (2.0, 0.0)}, seed=0, spread=0.8)
        >>> def sharpness(method):
        ...     learner, _ = update(Learner(fresh("mlp", (2,), seed=0), method), data, SETTINGS)
        ...     return top_eigenvalues(learner.model, data, k=1)[0]
        >>> sharpness(SAM(rho=0.5)) < 0.7 * sharpness(SAM(rho=0.0))
        True

    Departures:
        1. L is the whole objective, with what other methods of a chain add to it. Their edits see the weights as they
           are, and change the gradient that was found above.
        2. Batch norm goes by the batch in both passes, and its running statistics take in the first alone. Dropout
           drops other units in the second.
        3. T is |θ| + 0.01 for every parameter; the program of [2] leaves biases unscaled.
        4. Weight decay is the optimiser's and is no part of ∇L.

    References:
        [1] Foret, Kleiner, Mobahi & Neyshabur 2021, "Sharpness-Aware Minimization for Efficiently Improving
        Generalization", ICLR, arXiv:2010.01412.
        [2] Kwon, Kim, Park & Choi 2021, "ASAM: Adaptive Sharpness-Aware Minimization for Scale-Invariant Learning of
        Deep Neural Networks", ICML, arXiv:2102.11600.
        [3] Mirzadeh, Farajtabar, Pascanu & Ghasemzadeh 2020, arXiv:2006.06958: flat minima forget less.
    """

    rho: float = 0.05
    adaptive: bool = False

    def __post_init__(self) -> None:
        """Refuse values outside their ranges."""
        hold({"rho must be >= 0": self.rho >= 0}, vars(self))

    def plan(self, phases: Iterable[Phase], model: Classifier, context: Context) -> Iterator[Phase]:
        """Let each step of every phase look from above."""
        for phase in phases:
            yield phase.climbing(partial(ascent, rho=self.rho, adaptive=self.adaptive)) if self.rho else phase
