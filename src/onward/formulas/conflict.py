"""What of a gradient does not go against another."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def without_conflict(gradient: Sequence[Tensor], reference: Sequence[Tensor]) -> list[Tensor]:
    """Return a gradient that a step can follow without raising, to first order, the loss of another.

        g̃ = g − (gᵀ r / rᵀ r) r  where gᵀ r < 0, else g        (Chaudhry et al. 2019, arXiv:1812.00420, Eq. 11)

    It is the nearest to g of all that have g̃ᵀ r >= 0. Without a conflict the tensors come back as they are.

    Args:
        gradient: g, one tensor or more, of any shapes.
        reference: r, in the same order and shapes.
    """
    along = inner(gradient, reference)
    if along >= 0:  # a reference of zeros is in nobody's way
        return list(gradient)
    share = float(along / inner(reference, reference))
    return list(torch._foreach_sub(list(gradient), torch._foreach_mul(list(reference), share)))


def inner(one: Sequence[Tensor], other: Sequence[Tensor]) -> Tensor:
    """Return the inner product of two lists of tensors of the same shapes, a scalar."""
    return torch.stack([product.sum() for product in torch._foreach_mul(list(one), list(other))]).sum()
