"""Mode-connectivity SGD: learn, then seek weights to which low-loss lines lead from before and from after."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch

from onward.connecting import BEFORE, FOUND, Connection, connected, memory_after, ranges
from onward.context import Context
from onward.errors import hold
from onward.memory.exemplars import without
from onward.method import Method
from onward.nets.classifier import Classifier
from onward.nets.subspace import Look
from onward.phase import Phase
from onward.types import Data, Kept


@dataclass(frozen=True)
class MCSGD(Method):
    """Learn the new data alone; then move to where straight lines of low loss lead to the old weights and the new.

    With w* the weights before the update, ŵ those that it has learned, L* the mean loss on the few examples kept of
    earlier updates, L_k that on those of this one, and t in 1/m ... 1:

        w ← mix w* + (1 − mix) ŵ
        min_w  1/m Σ_t [ L*(w* + t (w − w*)) + L_k(ŵ + t (w − ŵ)) ]                       (after [1])

    Few examples suffice, for they need not teach: they only say which way leads down along a line.

    Acts on:      a second phase, ``connect``
    Keeps:        inputs, targets: ``per_class`` examples of each class of each update; updates: one number
    Cost:         of ``connect``: 2 m passes for each batch of the memory, which is small
    Needs:        leave to keep raw examples, SGD without nesterov;  scenarios: all
    Status:       matches its paper: as printed of it or above in ``doan2023-table6``, two streams

    Fields:
        per_class: >= 0. 0 is the warm start, bit for bit. Papers: 1 [2].
        mix: share of the old weights at the start of ``connect``, in [0, 1]. Papers: 0.25 to 0.99 [1].
        points: m >= 1 on a line. Papers: 3, 5, 10 [1], [2].
        connect_lr: learning rate of the second phase, without momentum. Papers: 0.05 MNIST, 0.01 CIFAR [2].
        connect_epochs: its passes over the memory. Papers: 1 [1].
        connect_batch: its examples of the memory a step, and as many new ones. Papers: 10.
        connect_new: examples of each new class from which these are drawn, >= 1, not kept. None: ``per_class``.
            Programs of [1]: 100 on CIFAR.
        connect_clip: the most that the gradient at a point may be long, > 0; None for any length. Papers: none.
        summed: the losses of earlier updates are summed; steps then grow with their number.
        straight_through: leave out the factor t of the chain rule, as the program of [1] does.

    Example:
        >>> from onward.methods.mc_sgd import MCSGD
        >>> from onward.methods.warm_start import WarmStart
        >>> from onward.toy import two_blobs
        >>> held = two_blobs(MCSGD(per_class=5, connect_epochs=20), seed=0)
        >>> held.old - two_blobs(WarmStart(), seed=0).old > 0.1
        True

    Departures:
        1. Learning starts from the connected weights, as in one program of [1]; another goes on from the learned ones.
        2. t = 0 is left out: there w has no gradient. With ``straight_through`` programs of [1] take it in.
        3. [1] writes a sum over earlier updates, its programs take the mean over all that is kept, as here.
        4. Learning takes as long in the first update as in others; the program of [1] doubles it.
        5. Batch norm goes by the batch on the lines, and its statistics are taken anew at the end, on new and kept.
        6. Rows of classes that are new stand at both ends where they were learned: before there were none.
        7. The lower rate of later updates is a method of its own: ``stable_sgd | mc_sgd``.
        8. The mean over the points of a line is ours, programs of [1] sum; so is half way as the place to begin.

    References:
        [1] Mirzadeh et al. 2021, "Linear Mode Connectivity in Multitask and Continual Learning", ICLR,
        arXiv:2010.04495; code: imirzadeh/MC-SGD, CL-Gym.
        [2] Doan, Mirzadeh & Farajtabar 2023, arXiv:2202.09826.
    """

    per_class: int = 1
    mix: float = 0.5
    points: int = 5
    connect_lr: float = 0.05
    connect_epochs: int = 1
    connect_batch: int = 10
    connect_new: int | None = None
    connect_clip: float | None = None
    summed: bool = False
    straight_through: bool = False

    keeps_examples: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Refuse values outside their ranges."""
        rules = {
            "points must be >= 1": self.points >= 1,
            **ranges(vars(self)),
        }
        hold(rules, vars(self))

    def plan(self, phases: Iterable[Phase], model: Classifier, context: Context) -> Iterator[Phase]:
        """Connect when all phases have run, as the last of those went that train on examples."""
        last = None
        for phase in phases:
            last = last if phase.on_features else phase
            yield phase
        if last is None or not self.per_class:
            return
        past = float(context.kept.get("updates", 0)) if self.summed else 1.0
        how = Connection(
            lambda corners, draws: self.on_lines(past),
            corners=1,
            spread=0.0,
            mix=self.mix,
            lr=self.connect_lr,
            epochs=self.connect_epochs,
            batch_size=self.connect_batch,
            new=self.connect_new or self.per_class,
            clip=self.connect_clip,
        )
        if connect := connected(last, model, context, how):
            yield connect

    def on_lines(self, past: float) -> Iterator[Look]:
        """Yield the looks of a step: the points of both lines."""
        for t in torch.arange(1, self.points + 1, dtype=torch.float64)[:, None] / self.points:
            slopes = torch.ones_like(t) if self.straight_through else t
            yield Look(t, slopes, BEFORE, "rest", past / self.points)
            yield Look(t, slopes, FOUND, "beside", 1 / self.points)

    def keep(self, model: Classifier, context: Context) -> Kept:
        """Keep a few examples of each class."""
        return memory_after(model, context, self.per_class) if self.per_class else {}

    def forget(self, kept: Kept, gone: Data, model: Classifier) -> Kept:
        """Take the examples out of the memory."""
        return without(kept, gone)
