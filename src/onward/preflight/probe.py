"""What the present features are worth: a linear classifier on them, in closed form."""

from __future__ import annotations

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

FOLDS = 5
"""Parts of the examples; each is judged by a classifier of the others."""

RIDGE = 0.01
"""Added to the features' correlations, whose diagonal is 1, so that more features than examples do no harm."""


def probed(points: Tensor, ids: Tensor, classes: int, draws: Generator) -> Tensor:
    """Return whether each example is right by a ridge classifier of features that has not seen it.

        W = (XᵀX + λ n I)⁻¹ XᵀY,   ŷ = argmax x W          X standardised, with a column of ones; Y one-hot; λ ``RIDGE``

    The sums over all examples are made once; each fold's are taken off.

    Args:
        points: features, (n, d).
        ids: classes, (n,), each in [0, classes).
        classes: how many there are.
        draws: from which the folds are drawn.

    Returns:
        (n,) bool.
    """
    spread = points.std(dim=0, correction=0)
    scaled = (points - points.mean(dim=0)) / spread.where(spread > 0, 1)  # a dead feature stays zero
    x = torch.cat([scaled, points.new_ones(len(points), 1)], dim=1)
    y = F.one_hot(ids, classes).to(x)
    right = torch.zeros(len(ids), dtype=torch.bool)
    products, sums = x.T @ x, x.T @ y
    for rows in torch.randperm(len(ids), generator=draws).tensor_split(FOLDS):
        rest = products - x[rows].T @ x[rows]
        rest.diagonal().add_(RIDGE * (len(ids) - len(rows)) + torch.finfo(x.dtype).tiny)
        weight = torch.linalg.solve(rest, sums - x[rows].T @ y[rows])
        right[rows] = (x[rows] @ weight).argmax(dim=1) == ids[rows]
    return right
