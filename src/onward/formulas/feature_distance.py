"""How far the features of examples are from what another network makes of them. All are means over the batch."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

EPSILON = 1e-8
"""Added to a squared length before its root is divided by, so that features of zeros have a finite gradient."""


def cosine_distance(new: Tensor, old: Tensor) -> Tensor:
    """Return ``‖new/‖new‖ - old/‖old‖‖² = 2 - 2 cos(new, old)``, mean over the batch.

    Lengths do not matter, and features of zeros stay zeros: they are 1 away from any direction.

    Args:
        new: (b, d) features.
        old: (b, d) features, without gradient.
    """
    new, old = exact(new, old)
    return (of_unit_length(new) - of_unit_length(old)).square().sum(dim=1).mean()


def l2_distance(new: Tensor, old: Tensor) -> Tensor:
    """Return ``‖new - old‖² / d``, mean over the batch.

    Args:
        new: (b, d) features.
        old: (b, d) features, without gradient.
    """
    return F.mse_loss(*exact(new, old))


def smooth_l1_distance(new: Tensor, old: Tensor) -> Tensor:
    """Return ``Σ_j h(new_j - old_j) / d``, mean over the batch; h(a) is a² / 2 below 1 and ``|a|`` - 1/2 from there on.

    No feature pulls harder than by 1, however far it is (Huber 1964).

    Args:
        new: (b, d) features.
        old: (b, d) features, without gradient.
    """
    return F.smooth_l1_loss(*exact(new, old))


def distance_through(rows: Tensor, new: Tensor, old: Tensor) -> Tensor:
    """Return ``‖W (new - old)‖² / c``, mean over the batch: of the features, only the directions that W reads.

    Args:
        rows: W, (c, d), of a linear head, without gradient.
        new: (b, d) features.
        old: (b, d) features, without gradient.
    """
    new, old = exact(new, old)  # subtracted before the product, which bfloat16 would round by more than they differ
    return F.linear(new - old, rows.to(new)).square().mean()


def of_unit_length(features: Tensor) -> Tensor:
    """Return features, (b, d), each divided by its length."""
    return features * (features.square().sum(dim=1, keepdim=True) + EPSILON).rsqrt()


def exact(new: Tensor, old: Tensor) -> tuple[Tensor, Tensor]:
    """Return both in float32 or better, for bfloat16 would lose the small differences."""
    wide = torch.promote_types(new.dtype, torch.float32)
    return new.to(wide), old.to(wide)
