"""By what the logits of new classes are multiplied and moved, so that they compare with those of old ones."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from onward.errors import hold

STEPS, HALVINGS = 50, 40
"""At most so many of Newton's steps, each shortened at most so often: for a convex function of two numbers, plenty."""

SETTLED = 1e-10
"""A step that is shorter is the last."""


class Correction(NamedTuple):
    """What becomes of a logit z of a new class: scale · z + shift."""

    scale: float
    shift: float


def bias_correction(logits: Tensor, targets: Tensor, first: int, ridge: float, shifts: bool = True) -> Correction:
    """Return the correction under which examples of old and new classes are best told apart.

        min over α, β of  mean_k mean_{i of class k} −log softmax(z̃_i)_k + ρ/2 ((α − 1)² + β²)
        z̃ = z for old classes, α z + β for new ones                                (Wu et al. 2019, arXiv:1905.13260)

    The mean over classes of their means is what a balanced set of examples has. Convex in both numbers, and found by
    Newton's method. The term with ρ is ours: where every example is right, no finite α would be best.

    Args:
        logits: z, (n, classes) of any float dtype, old classes first.
        targets: the class ids, (n,), old ones and new ones among them.
        first: the id of the first new class.
        ridge: ρ > 0.
        shifts: whether there is a β; else it is 0.
    """
    hold({"ridge must be > 0": ridge > 0}, {"ridge": ridge})
    z, y = logits.detach().cpu().double(), targets.cpu()
    counts = torch.bincount(y)
    weights = 1 / (counts[y] * (counts > 0).sum()).double()
    moved = torch.zeros(2, *z.shape, dtype=torch.float64)  # the slopes of z̃ by α and by β
    moved[0, :, first:] = z[:, first:]
    moved[1, :, first:] = 1.0 if shifts else 0.0
    away = torch.zeros(2, dtype=torch.float64)

    def loss(away: Tensor) -> Tensor:
        said = (z + torch.tensordot(away, moved, dims=1)).log_softmax(dim=1)
        return -(weights @ said.gather(1, y[:, None])[:, 0]) + ridge / 2 * away.square().sum()

    for _ in range(STEPS):
        chances = (z + torch.tensordot(away, moved, dims=1)).softmax(dim=1)
        means = (moved * chances).sum(dim=2)
        slope = (means - moved[:, torch.arange(len(y)), y]) @ weights + ridge * away
        bend = torch.einsum("i,aik,bik,ik->ab", weights, moved, moved, chances) - (means * weights) @ means.T
        step = torch.linalg.solve(bend + ridge * torch.eye(2, dtype=torch.float64), slope)
        here = loss(away)
        for _ in range(HALVINGS):
            if loss(away - step) <= here:
                break
            step = step / 2
        away = away - step
        if step.norm() < SETTLED:
            break
    return Correction(1 + float(away[0]), float(away[1]))
