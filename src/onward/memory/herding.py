"""Examples of which the first few, however many, have a mean near that of all."""

from __future__ import annotations

import torch
from torch import Tensor


def herded(features: Tensor, mean: Tensor, count: int) -> Tensor:
    """Return the rows of the exemplars, (min(count, n),) int64, the most telling first (Rebuffi et al. 2017, Alg. 4).

    The k-th is the one with which the mean of all so far comes nearest to that of the class:

        p_k = argmin_x ‖μ − (φ(x) + Σ_{j < k} φ(p_j)) / k‖

    Of two that are as near the earlier is taken, and none twice.

    Args:
        features: φ, (n, d).
        mean: μ, (d,).
        count: how many.
    """
    rows, total = [], torch.zeros_like(mean)
    length = features.square().sum(dim=1)
    for k in range(1, min(count, len(features)) + 1):
        # ‖kμ − s − φ‖² but for what is the same for all
        nearest = (length - 2 * features @ (k * mean - total)).argmin()
        rows.append(nearest)
        total = total + features[nearest]
        length = length.index_fill(0, nearest, torch.inf)
    return torch.stack(rows) if rows else torch.zeros(0, dtype=torch.int64)
