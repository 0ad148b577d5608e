"""Stable SGD: a learning rate that falls from update to update."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch

from onward.context import Context
from onward.errors import hold
from onward.method import Method
from onward.nets.classifier import Classifier
from onward.phase import Phase
from onward.types import Data, Kept


@dataclass(frozen=True)
class StableSGD(Method):
    """Begin with a high rate, and lower it with each update.

    In the k-th update, counted from 1, the rate is

        η_k = max(decay^(k−1) η, least)                                                   (program of [1])

    A high rate at first finds a wide minimum; small steps later stay in it. To [1] small batches and dropout belong as
    well: the first is the run's, the second the network's. In a chain it gives its rate to the methods after it.

    Acts on:      the optimiser (learning rate)
    Keeps:        updates: one number
    Cost:         nothing
    Needs:        nothing;  scenarios: all; holds nothing by itself
    Status:       differs from its paper: within in ``doan2023-rotated``, below in ``doan2023-permuted``

    Fields:
        decay: in (0, 1]. 1 is the warm start, bit for bit. Papers: 0.6 to 0.95 [1], [2].
        least: the rate falls no further than to this, or the run's where that is less. Papers: 5e-5 [1].

    Example:
        >>> from onward.methods.stable_sgd import StableSGD
        >>> from onward.methods.warm_start import WarmStart
        >>> from onward.toy import two_tilts
        >>> slow, even = two_tilts(StableSGD(decay=0.1), seed=0), two_tilts(WarmStart(), seed=0)
        >>> slow.old > even.old
        True

    Departures:
        1. Updates are counted from the first that this method took part in.

    References:
        [1] Mirzadeh, Farajtabar, Pascanu & Ghasemzadeh 2020, "Understanding the Role of Training Regimes in Continual
        Learning", NeurIPS, arXiv:2006.06958; code: imirzadeh/stable-continual-learning.
        [2] Doan, Mirzadeh & Farajtabar 2023, arXiv:2202.09826.
    """

    decay: float = 0.8
    least: float = 5e-5

    def __post_init__(self) -> None:
        """Refuse values outside their ranges."""
        rules = {
            "decay must be in (0, 1]": 0 < self.decay <= 1,
            "least must be >= 0": self.least >= 0,
        }
        hold(rules, vars(self))

    def plan(self, phases: Iterable[Phase], model: Classifier, context: Context) -> Iterator[Phase]:
        """Lower the rate of every phase."""
        before = int(context.kept.get("updates", 0))
        for phase in phases:
            lr = phase.settings.lr
            yield phase.tuned(lr=max(self.decay**before * lr, min(self.least, lr)))

    def keep(self, model: Classifier, context: Context) -> Kept:
        """Count the update."""
        return {"updates": context.kept.get("updates", torch.tensor(0)) + 1}

    def forget(self, kept: Kept, gone: Data, model: Classifier) -> Kept:
        """Forget nothing: a count of updates tells of no example."""
        return kept
