"""How far parameters are from where they were."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def squared_distance(parameters: Sequence[Tensor], centres: Sequence[Tensor]) -> Tensor:
    """Return ``Σ_i (θ_i - θ*_i)²``; the gradient by θ is ``2 (θ - θ*)``.

    Args:
        parameters: θ, one tensor or more, of any shapes.
        centres: θ*, in the same order and shapes, without gradient.
    """
    moved = torch._foreach_sub(list(parameters), list(centres))
    return torch.stack([square.sum() for square in torch._foreach_mul(moved, moved)]).sum()
