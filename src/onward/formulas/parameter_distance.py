"""How far parameters are from where they were."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def squared_distance(
    parameters: Sequence[Tensor], centres: Sequence[Tensor], weights: Sequence[Tensor] | None = None
) -> Tensor:
    """Return ``Σ_i w_i (θ_i - θ*_i)²``; the gradient by θ is ``2 w (θ - θ*)``.

    Args:
        parameters: θ, one tensor or more, of any shapes.
        centres: θ*, in the same order and shapes, without gradient.
        weights: w, as well; None is 1 each.
    """
    moved = torch._foreach_sub(list(parameters), list(centres))
    squares = torch._foreach_mul(moved, moved)
    if weights is not None:
        squares = torch._foreach_mul(squares, list(weights))
    return torch.stack([square.sum() for square in squares]).sum()
