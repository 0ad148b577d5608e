"""Asymmetric cross-entropy: new examples are told apart among themselves, those of a memory among all classes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from onward.context import Context
from onward.method import Method
from onward.nets.classifier import Classifier
from onward.phase import Phase
from onward.step import Step, Term


@dataclass(frozen=True)
class ACE(Method):
    """Let new examples push no class down that they are not of: only examples of a memory are told from all classes.

    With B the new examples of a step, C_B the classes that they are of, M what is rehearsed and C all classes:

        L(θ) = E_{(x, y) ∈ B} ℓ(x, y; C_B) + E_{(x, y) ∈ M} ℓ(x, y; C),   ℓ(x, y; K) = −log(e^{z_y} / Σ_{k ∈ K} e^{z_k})

    where replay takes all of them among all classes, and its mean over B ∪ M. There the first batches of a new class
    push the features of the old ones away before the memory can answer. M is what a memory puts beside the batch, and
    as many examples of B as each class of the memory has there. ``replay | ace`` is ER-ACE, and ``er_ace`` names it.

    Acts on:      loss (the cross-entropy)
    Keeps:        nothing
    Cost:         per step a mask of (b, c) numbers
    Needs:        a memory beside the batch, as ``replay`` or ``expanse`` puts it there: without one nothing tells new
                  classes from old;  scenarios: new classes, mixed
    Status:       not measured

    Fields:
        none.

    Example:
        >>> from onward.methods.ace import ACE
        >>> from onward.methods.replay import Replay
        >>> from onward.toy import two_blobs
        >>> two_blobs(Replay(size=20) | ACE()).old > 0.9
        True

    Departures:
        1. In [1] the memory takes each batch in as it goes by, so that M is of the present too. Here a memory is of
           past updates alone, and new examples of M are of the batch itself: for each of another as many as there are
           classes in the new data for each that the parent knows, rounded. Without them nothing would tell a new
           example from the old classes.
        2. A first update, which has no past to spare, is by the plain cross-entropy, as in the program of [2].

    References:
        [1] Caccia et al. 2022, "New Insights on Reducing Abrupt Representation Change in Online Continual Learning",
        ICLR, arXiv:2104.05025.  [2] aimagelab/mammoth, er_ace.
    """

    def plan(self, phases: Iterable[Phase], model: Classifier, context: Context) -> Iterator[Phase]:
        """Put the asymmetric cross-entropy in the place of the plain one."""
        if context.old is None or not context.old.classes:
            yield from phases
            return
        term = asymmetric(len(context.new.targets.unique()) / len(context.old.live))
        for phase in phases:
            yield phase.exchanged(term)


def asymmetric(ratio: float) -> Term:
    """Return the cross-entropy of new examples among their classes, and that of others and some of these among all.

    Args:
        ratio: how many new examples go with each of the others.
    """

    def cross_entropy(step: Step) -> Tensor:
        logits, targets = step.model.among_task(step.logits, step.targets), step.targets
        fresh = len(step.pieces[0].rows) if step.pieces else len(targets)
        there = torch.zeros(logits.shape[1], dtype=torch.bool, device=targets.device)
        among = logits[:fresh].masked_fill(~there.index_fill(0, targets[:fresh], True), -torch.inf)
        some = min(fresh, round(ratio * (len(targets) - fresh)))  # a batch is shuffled: its first are any
        beside = torch.cat([logits[:some], logits[fresh:]]), torch.cat([targets[:some], targets[fresh:]])
        means = [F.cross_entropy(z, y) for z, y in ((among, targets[:fresh]), beside) if len(y)]
        return means[0] if len(means) == 1 else torch.stack(means).sum()

    return cross_entropy
