"""Losses that draw logits to the one-hot vector of the class: 1 for the true one, 0 for the others.

In both, ``there`` leaves classes out that are no choice for an example, such as those of other tasks: (b, c) of truths.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def squared_error(logits: Tensor, targets: Tensor, there: Tensor | None = None) -> Tensor:
    """Return ``Σ_k (z_k − [k = y])²``, mean over the batch: what the least-squares classifier makes least.

    The sum over classes, not their mean, so that the loss is that of the ridge problem, whose solution stands still
    under it.

    Args:
        logits: z, (b, c).
        targets: y, the true class ids, (b,) int64.
        there: which classes count, (b, c); None for all.
    """
    apart = among(logits, there) - F.one_hot(targets, logits.shape[1])
    return apart.square().sum(dim=1).mean()


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
