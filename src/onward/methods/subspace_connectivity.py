"""Subspaces that do not drift: learn in a simplex of weights, then connect it with where it was."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Generator

from onward.connecting import BEFORE, FOUND, Connection, connected, memory_after, ranges
from onward.context import Context, part
from onward.errors import hold
from onward.memory.exemplars import without
from onward.method import Method
from onward.nets.classifier import Classifier
from onward.nets.subspace import Look, Subspace, around, simplex
from onward.phase import Phase
from onward.types import Data, Kept


@dataclass(frozen=True)
class SubspaceConnectivity(Method):
    """Train all of a simplex of weights at once; then pull it to where old and new midpoint are one low-loss region.

    With n corners w_i, w* their midpoint before the update, L_j the loss on the few examples kept of update j and α a
    point of the simplex, each as likely:

        ŵ_i = argmin E_α L_k(Σ_{i≤n} α_i w_i),   ŵ = their midpoint                       (Eq. 1 of [1])
        w_i ← (mix w* + (1 − mix) ŵ) ∘ N(1, spread²)
        min_w E_α [ Σ_{j<k} L_j(Σ_{i≤n} α_i w_i + α_{n+1} w*) + L_k(Σ_{i≤n} α_i w_i + α_{n+1} ŵ) ]    (Eq. 2 of [1])

    The model is the midpoint: near the accuracy of n models at the cost of one.

    Acts on:      where the gradient is taken and what it moves; a second phase, ``connect``
    Keeps:        inputs, targets: ``per_class`` examples of each class of each update; updates: one number; corners/*:
                  n numbers a parameter, each corner's offset from the model
    Cost:         per step a few per cent; of ``connect`` 2 ``draws`` passes for each batch of the small memory
    Needs:        leave to keep raw examples, SGD without nesterov; no other method in the chain that moves in a
                  subspace;  scenarios: all
    Status:       differs from its paper: within in ``doan2023-rotated``, below in ``doan2023-permuted``

    Fields:
        corners: n >= 1. With 1, and ``per_class`` 0, it is the warm start, bit for bit. Papers: 3.
        spread: σ of the noise, before the first step and before ``connect``. Papers: 0.005 MNIST, 0.01 CIFAR.
        times_corners: learning takes n times the run's rate. Papers: yes on CIFAR; on MNIST with momentum it breaks.
        mix: share of the old midpoint at the start of ``connect``, in [0, 1]. Papers: 0.85 rotated, 0.25 permuted
            MNIST, 0.8 CIFAR.
        per_class: examples of each class kept of an update, >= 0; with 0 nothing is connected. Papers: 1.
        draws: points α in a step of ``connect``, >= 1. Papers: 5 MNIST, 3 CIFAR.
        connect_lr: learning rate of the second phase, without momentum. Papers: 0.05 MNIST, 0.1 CIFAR.
        connect_epochs: its passes over the memory; the paper does not tell.
        connect_batch: its examples of the memory a step, and as many new ones; the paper does not tell.
        connect_new: examples of each new class from which these are drawn, >= 1, not kept. None: ``per_class``.
            MC-SGD's program, arXiv:2010.04495: 100 on CIFAR.
        connect_clip: the most that the gradient at a point may be long, > 0; None for any length. Over 20 updates of
            Permuted MNIST 0.3 keeps ``connect`` from breaking down; few updates of other classes it would hold back.
        summed: the losses of earlier updates are summed as in Eq. 2, else their mean is taken.
        straight_through: leave out the factors α_i of the chain rule in ``connect``.

    Example:
        >>> from onward.methods.subspace_connectivity import SubspaceConnectivity
        >>> from onward.methods.warm_start import WarmStart
        >>> from onward.toy import two_blobs
        >>> held = two_blobs(SubspaceConnectivity(per_class=5, connect_epochs=20), seed=0)
        >>> held.old - two_blobs(WarmStart(), seed=0).old > 0.1
        True

    Departures:
        1. [1] does not tell what the "number of samples" of its Eq. 2 counts, how many steps it takes, whether with
           momentum, and what happens in the first update. Inferred: ``draws``; one pass; none; nothing is connected.
        2. [1] starts from one corner and draws the others around it; here all are drawn, and shifted so that their
           midpoint is the model as it was. Before the first step nothing has changed.
        3. Batches of the memory mix earlier updates, and each is the mean times their number where it is summed. So
           steps of ``connect`` grow with the number of updates, and may break down; ``connect_clip``, which is ours, is
           against that.
        4. In ``connect`` dropout rests and batch norm goes by the batch; its statistics are taken anew at the
           midpoint, on new data and kept. [1] does not say.
        5. Rows of classes that are new stand at both ends where they were learned: before there were none.
        6. The lower rate of later updates is a method of its own: ``stable_sgd | subspace_connectivity``.

    References:
        [1] Doan, Mirzadeh & Farajtabar 2023, "Continual Learning Beyond a Single Model", CoLLAs, arXiv:2202.09826.
    """

    corners: int = 3
    spread: float = 0.005
    times_corners: bool = False
    mix: float = 0.85
    per_class: int = 1
    draws: int = 5
    connect_lr: float = 0.05
    connect_epochs: int = 1
    connect_batch: int = 10
    connect_new: int | None = None
    connect_clip: float | None = None
    summed: bool = True
    straight_through: bool = False

    keeps_examples: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Refuse values outside their ranges."""
        rules = {
            "corners must be >= 1": self.corners >= 1,
            "spread must be >= 0": self.spread >= 0,
            "draws must be >= 1": self.draws >= 1,
            **ranges(vars(self)),
        }
        hold(rules, vars(self))

    def plan(self, phases: Iterable[Phase], model: Classifier, context: Context) -> Iterator[Phase]:
        """Let the phases learn in the subspace, but for those on features, and connect when all of them have run."""
        offsets, last = self.around(model, context), None
        faster = self.corners if self.times_corners else 1
        for phase in phases:
            if phase.on_features:
                yield phase
                continue
            fit = self.corners > 1 and (last is None or phase.within is None)
            last = phase.inside(Subspace(offsets)).tuned(lr=faster * phase.settings.lr) if fit else phase
            yield last
        if last and self.per_class and (connect := self.connecting(last, model, context)):
            yield connect
            assert connect.within is not None
            offsets = connect.within.offsets
        context.scratch.update(offsets)

    def around(self, model: Classifier, context: Context) -> dict[str, torch.Tensor]:
        """Return the corners as they were kept, or spread where they were not."""
        kept = part(context.kept, "corners")
        return around(model, kept, self.corners, self.spread, lambda name: context.generator("spread", name))

    def connecting(self, phase: Phase, model: Classifier, context: Context) -> Phase | None:
        """Return the phase of Eq. 2; None where there is no past."""
        past = float(context.kept.get("updates", 0)) if self.summed else 1.0
        how = Connection(
            lambda corners, draws: self.anywhere(past, draws),
            corners=self.corners,
            spread=self.spread,
            mix=self.mix,
            lr=self.connect_lr,
            epochs=self.connect_epochs,
            batch_size=self.connect_batch,
            new=self.connect_new or self.per_class,
            clip=self.connect_clip,
        )
        return connected(phase, model, context, how)

    def anywhere(self, past: float, draws: Generator) -> Iterator[Look]:
        """Yield the looks of a step: each draw is one towards both midpoints."""
        for _ in range(self.draws):
            shares = simplex(self.corners + 1, draws)[:-1]
            slopes = torch.ones_like(shares) if self.straight_through else shares
            yield Look(shares, slopes, BEFORE, "rest", past / self.draws)
            yield Look(shares, slopes, FOUND, "beside", 1 / self.draws)

    def keep(self, model: Classifier, context: Context) -> Kept:
        """Keep a few examples of each class, and where the corners lie around the model."""
        memory = memory_after(model, context, self.per_class) if self.per_class else {}
        offsets = dict(context.scratch) or self.around(model, context)
        return {**memory, **({f"corners/{name}": each for name, each in offsets.items()} if self.corners > 1 else {})}

    def forget(self, kept: Kept, gone: Data, model: Classifier) -> Kept:
        """Take the examples out of the memory. The corners are weights, and what is left in those is left in these."""
        return without(kept, gone)
