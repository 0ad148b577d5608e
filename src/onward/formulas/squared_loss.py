"""Losses that draw logits to the one-hot vector of the class: 1 for the true one, 0 for the others.

In both, ``there`` leaves classes out that are no choice for an example, such as those of other tasks: (b, c) of truths.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def squared_error(
    logits: Tensor, targets: Tensor, there: Tensor | None = None, *, aim: float = 1.0, emphasis: float = 1.0
) -> Tensor:
    """Return ``κ (z_y − M)² + Σ_{k ≠ y} z_k²``, mean over the batch: with κ = 1, what least squares makes least.

    The sum over classes, not their mean, so that the loss is that of the ridge problem, whose solution stands still
    under it. Where classes are many, the one that is true counts for little among the others; κ and M mend that (Hui &
    Belkin 2020, arXiv:2006.07322).

    Args:
        logits: z, (b, c).
        targets: y, the true class ids, (b,) int64.
        there: which classes count, (b, c); None for all.
        aim: M, what the logit of the true class is drawn to.
        emphasis: κ, how much the true class counts.
    """
    true = F.one_hot(targets, logits.shape[1])
    squares = (among(logits, there) - aim * true).square()
    return (squares if emphasis == 1.0 else squares * (1 + (emphasis - 1) * true)).sum(dim=1).mean()


def squentropy(logits: Tensor, targets: Tensor, there: Tensor | None = None) -> Tensor:
    """Return the cross-entropy and ``Σ_{k ≠ y} z_k² / (c − 1)``, mean over the batch (Hui, Belkin & Wright 2023).

    Args:
        logits: z, (b, c).
        targets: y, the true class ids, (b,) int64.
        there: which classes count, (b, c); None for all.
    """
    present = torch.ones_like(logits, dtype=torch.bool) if there is None else there
    others = present.scatter(1, targets[:, None], False)
    squares = among(logits, others).square().sum(dim=1) / others.sum(dim=1).clamp(min=1)
    chosen = among(logits, None).masked_fill(~present, -torch.inf)
    return F.cross_entropy(chosen, targets) + squares.mean()


def among(logits: Tensor, there: Tensor | None) -> Tensor:
    """Return logits, (b, c), in float32 or better, with 0 where a class does not count, whatever stood there."""
    exact = logits.to(torch.promote_types(logits.dtype, torch.float32))
    return exact if there is None else exact.masked_fill(~there, 0.0)  # before squaring: infinity has no gradient
