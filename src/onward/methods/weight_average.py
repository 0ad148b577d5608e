"""Averaged weights: over the steps of an update, and with the parent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from onward.context import Context
from onward.errors import hold
from onward.method import Method
from onward.nets.averaging import MeanAlong, average, renormalise
from onward.nets.classifier import Classifier
from onward.nets.grown import beside_parent
from onward.phase import Phase


@dataclass(frozen=True)
class WeightAverage(Method):
    """Learn the new data alone; then take the mean of where the steps led, and go back a share of the way.

    With θ_t the parameters after the t-th step, θ* the parent's, and γ_t = min(γ, 1 − 1/t):

        m_t = γ_t m_{t−1} + (1 − γ_t) θ_t   in each step; after the last, θ ← m               ([1], [2])
        θ ← (1 − s) θ + s θ*                when all phases have run                          ([3], [4])

    The first mean takes out the noise of the last steps, and lies where the loss is flat. The second, from update to
    update, is an exponential mean along the lineage: what many versions have in common stays. Training itself goes its
    way as it would.

    Acts on:      the weights, after each phase and when all have run
    Keeps:        nothing
    Cost:         per step one pass over the parameters and memory for one more copy of them; with batch norm up to two
                  forward passes over at most 4096 examples
    Needs:        for a share, a parent and parameters that keep their names;  scenarios: all; class-incremental stays
                  near chance
    Status:       not measured

    Fields:
        decay: γ in [0, 1] of the mean over steps. 0 takes the last, 1 counts all alike. As long as there were fewer
            than 1 / (1 − γ) steps, all of them count alike. Papers: 0.99, 0.999 [2].
        share: s in [0, 1], how much of the weights is the parent's. With ``decay`` 0, 0 is the warm start, bit for bit.

    Example:
        >>> from onward.methods.weight_average import WeightAverage
        >>> from onward.methods.warm_start import WarmStart
        >>> from onward.toy import two_tilts
        >>> held, free = two_tilts(WeightAverage(), seed=0), two_tilts(WarmStart(), seed=0)
        >>> held.old - free.old > 0.05
        True

    Departures:
        1. The mean over steps begins anew with each phase; where a phase begins is not counted. [1] takes the plain
           mean over ends of epochs at a high rate, [2] counts the beginning.
        2. It takes the place of the weights: [2] uses it as a teacher beside them.
        3. With ``patience`` the mean goes on to the last epoch, and early stopping looks at the weights beside it.
        4. s is the same in each update, so that an older version counts ever less.
        5. Rows of classes that are new stay as they were learned: the parent had none.
        6. Batch norm's statistics are taken anew on the new data after each mean, as in [1].

    References:
        [1] Izmailov et al. 2018, "Averaging Weights Leads to Wider Optima and Better Generalization", UAI,
        arXiv:1803.05407.
        [2] Tarvainen & Valpola 2017, "Mean teachers are better role models", NeurIPS, arXiv:1703.01780; code:
        CuriousAI/mean-teacher, which has γ_t.
        [3] Wortsman et al. 2022, "Robust fine-tuning of zero-shot models", CVPR, arXiv:2109.01903.
        [4] Lee et al. 2017, "Overcoming Catastrophic Forgetting by Incremental Moment Matching", NeurIPS,
        arXiv:1703.08475: mean-IMM.
    """

    decay: float = 0.99
    share: float = 0.5

    def __post_init__(self) -> None:
        """Refuse values outside their ranges."""
        rules = {
            "decay must be in [0, 1]": 0 <= self.decay <= 1,
            "share must be in [0, 1]": 0 <= self.share <= 1,
        }
        hold(rules, vars(self))

    def plan(self, phases: Iterable[Phase], model: Classifier, context: Context) -> Iterator[Phase]:
        """Follow each phase and put the model at the mean of its steps; when all have run, move it to the parent."""
        old = context.old if self.share else None
        if old is not None:
            beside_parent(model, old, self.name)
        ran = []
        for phase in phases:
            if self.decay:
                yield from self.followed(phase, model, context)
            else:
                yield phase
            ran += [phase] if phase.settings.steps != 0 else []
        if old is not None and ran:
            average(model, old, self.share)
            draws = context.generator("renormalise")
            renormalise(model, context.new, draws, lambda name: any(phase.trains(name) for phase in ran))

    def followed(self, phase: Phase, model: Classifier, context: Context) -> Iterator[Phase]:
        """Yield a phase, and put the model at the mean of its steps."""
        moving = {name: each for name, each in model.named_parameters() if phase.trains(name)}
        mean = MeanAlong(moving, self.decay, context.scratch)
        yield phase.followed(mean.follow)
        if mean.moved:
            mean.put()
            renormalise(model, context.new, context.generator("renormalise", phase.name), phase.trains)
