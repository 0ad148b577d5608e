"""Targets that keep what the network says of the classes that are not the label's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from onward.context import Context
from onward.method import Method
from onward.nets.classifier import NEVER, Classifier
from onward.phase import Phase
from onward.step import Step, Term


@dataclass(frozen=True)
class SoftTargets(Method):
    """Learn from targets that give every class what the network gives it already, and the true one the most.

    With p the probabilities that the model gives an example of class y as it is now, ŷ its likeliest class, c the
    number of classes, and q_k the mean of p over the examples of old class k that were right earlier in this phase:

        u = q_y of an old class, p of a new one;  then u_ŷ = 1/c, u_y = 1;  t = u / Σ u
        L_new = − Σ_k t_k log p_k                                                         (program of [1], in words)

    A one-hot target asks that all other logits fall, the old classes' first of all, from the first step on. These ask
    only for what has to change. Until an old class had one right, its q is 1/c everywhere.

    Acts on:      loss (the cross-entropy's targets)
    Keeps:        nothing
    Cost:         per step a few operations on (b, c) numbers; (c, c) numbers during an update
    Needs:        a parent; without one it is the warm start;  scenarios: new classes, mixed; with a memory of the old
    Status:       not measured: a part of ``sgm``

    Fields:
        none.

    Example:
        >>> from onward.methods.replay import Replay
        >>> from onward.methods.soft_targets import SoftTargets
        >>> from onward.toy import two_blobs
        >>> two_blobs(SoftTargets() | Replay(size=20)).old > 0.9
        True

    Departures:
        1. The sums behind q start anew with each phase; [1] has one phase a session.
        2. Where a head has tasks, classes of other tasks have no part in u.

    References:
        [1] Harun & Kanan 2024, "Overcoming the Stability Gap in Continual Learning", arXiv:2306.01904: dynamic soft
        targets.
    """

    def plan(self, phases: Iterable[Phase], model: Classifier, context: Context) -> Iterator[Phase]:
        """Put the soft cross-entropy in the place of the plain one."""
        if context.old is None or not context.old.classes:
            yield from phases
            return
        old, classes = len(context.old.classes), len(model.classes)
        for phase in phases:
            # In scratch, so that a phase that was broken off goes on from them.
            context.scratch["sums"] = torch.zeros(old, classes, device=model.device)
            context.scratch["counts"] = torch.zeros(old, device=model.device)
            yield phase.exchanged(soft_cross_entropy(context.scratch["sums"], context.scratch["counts"]))


def soft_cross_entropy(sums: Tensor, counts: Tensor) -> Term:
    """Return the term.

    Args:
        sums: of the probabilities of examples that were right, by old class, (old, c); changed in place.
        counts: how many these were, (old,); changed in place.
    """

    def term(step: Step) -> Tensor:
        logits = step.model.among_task(step.logits, step.targets).to(sums.dtype)
        there = logits > NEVER
        log_p = F.log_softmax(logits, dim=1)
        soft = soft_targets(log_p.detach().exp(), step.targets, sums, counts) * there
        soft = soft / soft.sum(dim=1, keepdim=True)
        return -(soft * log_p.masked_fill(~there, 0.0)).sum(dim=1).mean()

    return term


def soft_targets(p: Tensor, targets: Tensor, sums: Tensor, counts: Tensor) -> Tensor:
    """Return u, (b, c), of a batch by what was counted before it; then count it.

    Args:
        p: the model's probabilities, (b, c).
        targets: the true class ids, (b,).
        sums: as above.
        counts: as above.
    """
    known = targets < len(counts)
    places, likeliest = targets.where(known, 0), p.argmax(dim=1)
    seen = counts[places][:, None]
    mean = torch.where(seen > 0, sums[places] / seen.clamp(min=1), 1 / p.shape[1])
    soft = torch.where(known[:, None], mean, p)
    soft = soft.scatter(1, likeliest[:, None], 1 / p.shape[1]).scatter(1, targets[:, None], 1.0)
    right = (known & (likeliest == targets)).to(p.dtype)
    sums.index_add_(0, places, p * right[:, None])
    counts.index_add_(0, places, right)
    return soft
