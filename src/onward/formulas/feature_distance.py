"""How far the features of examples are from what another network makes of them.

All are means over the batch. Where examples have weights, (b,), each counts as much as it weighs; the mean is over b
still, not over the sum of the weights, so that a batch of little weight pulls little.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

Form = Literal["cosine", "l2", "smooth_l1", "through_head"]
"""The distances by name; ``through_head`` is ``distance_through`` the rows of a head."""

Distance = Callable[..., Tensor]
"""From features of the model and of the parent, (b, d) each, and weights, (b,) or None, to their distance."""

EPSILON = 1e-8
"""Added to a squared length before its root is divided by, so that features of zeros have a finite gradient."""


def distance_named(form: Form, rows: Tensor) -> Distance:
    """Return the distance of a name.

    Args:
        form: the name.
        rows: of the parent's head, (c, d), for the one that reads features through it.
    """
    if form == "through_head":
        return partial(distance_through, rows)
    return DISTANCES[form]


def cosine_distance(new: Tensor, old: Tensor, weights: Tensor | None = None) -> Tensor:
    """Return ``‖new/‖new‖ - old/‖old‖‖² = 2 - 2 cos(new, old)``, mean over the batch.

    Lengths do not matter, and features of zeros stay zeros: they are 1 away from any direction.

    Args:
        new: (b, d) features.
        old: (b, d) features, without gradient.
        weights: of the examples, (b,); None for 1 each.
    """
    new, old = exact(new, old)
    return weighed((of_unit_length(new) - of_unit_length(old)).square().sum(dim=1), weights)


def l2_distance(new: Tensor, old: Tensor, weights: Tensor | None = None) -> Tensor:
    """Return ``‖new - old‖² / d``, mean over the batch.

    Args:
        new: (b, d) features.
        old: (b, d) features, without gradient.
        weights: of the examples, (b,); None for 1 each.
    """
    return weighed(F.mse_loss(*exact(new, old), reduction="none").mean(dim=1), weights)


def smooth_l1_distance(new: Tensor, old: Tensor, weights: Tensor | None = None) -> Tensor:
    """Return ``Σ_j h(new_j - old_j) / d``, mean over the batch; h(a) is a² / 2 below 1 and ``|a|`` - 1/2 from there on.

    No feature pulls harder than by 1, however far it is (Huber 1964).

    Args:
        new: (b, d) features.
        old: (b, d) features, without gradient.
        weights: of the examples, (b,); None for 1 each.
    """
    return weighed(F.smooth_l1_loss(*exact(new, old), reduction="none").mean(dim=1), weights)


def distance_through(rows: Tensor, new: Tensor, old: Tensor, weights: Tensor | None = None) -> Tensor:
    """Return ``‖W (new - old)‖² / c``, mean over the batch: of the features, only the directions that W reads.

    Args:
        rows: W, (c, d), of a linear head, without gradient.
        new: (b, d) features.
        old: (b, d) features, without gradient.
        weights: of the examples, (b,); None for 1 each.
    """
    new, old = exact(new, old)  # subtracted before the product, which bfloat16 would round by more than they differ
    return weighed(F.linear(new - old, rows.to(new)).square().mean(dim=1), weights)


DISTANCES: dict[Form, Distance] = {"cosine": cosine_distance, "l2": l2_distance, "smooth_l1": smooth_l1_distance}


def weighed(each: Tensor, weights: Tensor | None) -> Tensor:
    """Return the mean of values, (b,), each times its weight."""
    return (each if weights is None else each * weights).mean()


def of_unit_length(features: Tensor) -> Tensor:
    """Return features, (b, d), each divided by its length."""
    return features * (features.square().sum(dim=1, keepdim=True) + EPSILON).rsqrt()


def exact(new: Tensor, old: Tensor) -> tuple[Tensor, Tensor]:
    """Return both in float32 or better, for bfloat16 would lose the small differences."""
    wide = torch.promote_types(new.dtype, torch.float32)
    return new.to(wide), old.to(wide)
