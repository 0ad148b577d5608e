"""By how much rows that least squares gave are multiplied, so that their logits compare with those of trained rows.

Least squares aims at logits of 0 and 1. Rows trained with cross-entropy make logits many times as large, beside which
new classes would hardly ever be predicted.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

LogitScale = Literal["none", "norm", "level", "temperature"]
"""The rules by name; ``none`` is a factor of 1."""

EXTREME = 100.0
"""The most by which new rows are made longer or shorter: where they are right everywhere no finite factor is best."""


def norm_factor(old: Tensor, new: Tensor) -> float:
    """Return the factor by which the mean length of the new rows becomes that of the old ones.

    Rows of zeros, as of classes without examples, do not count. Where nothing else is there, the factor is 1.

    Args:
        old: (c_old, d).
        new: (c_new, d).
    """
    lengths = [rows.double().norm(dim=1) for rows in (old, new)]
    if not all(bool(each.any()) for each in lengths):
        return 1.0
    target, present = (each[each > 0].mean().item() for each in lengths)
    return target / present


def level_factor(old: Tensor, new: Tensor, targets: Tensor) -> float:
    """Return the factor at which new rows meet old ones on a level: on examples of new classes.

        mean_i max_k z_old,k(i) / mean_i z_new,y(i)

    There the logit of the true class is in the mean as large as the largest that an old row has.

    Args:
        old: logits of the old rows, (n, c_old); c_old may be 0.
        new: logits of the new rows, (n, c_new).
        targets: class ids, (n,), that count old rows first and then new ones.

    Returns:
        The factor, in [1 / 100, 100]; 1 where there are no such examples or no old rows, and where a mean is not above
        0, as no factor makes them equal.
    """
    first = old.shape[1]
    fresh = targets >= first
    if not first or not bool(fresh.any()):
        return 1.0
    reached = old[fresh].double().amax(dim=1).mean().item()
    own = new[fresh].double().gather(1, (targets[fresh] - first)[:, None]).mean().item()
    return min(max(reached / own, 1 / EXTREME), EXTREME) if min(reached, own) > 0 else 1.0


def temperature_factor(
    old: Tensor, new: Tensor, targets: Tensor, extreme: float = EXTREME, halvings: int = 40
) -> float:
    """Return the factor of the new rows' logits at which the cross-entropy of old and new rows together is least.

    It is the inverse of a temperature that only the new rows have. By the factor β the loss, log Σ exp [z_old, β z_new]
    less the true class's logit, is convex; its slope, Σ_new p z - z_y [y is new], grows, and the place where it crosses
    zero is found by halving.

    Rows fitted to fewer examples than there are features are right on all of those, and the factor would be the
    largest allowed: it takes examples that the rows were not fitted to.

    Args:
        old: logits of the old rows, (n, c_old); c_old may be 0.
        new: logits of the new rows, (n, c_new).
        targets: class ids, (n,), that count old rows first and then new ones.
        extreme: the factor lies in [1 / extreme, extreme].
        halvings: of the interval of log β.

    Returns:
        The factor; 1 where there are no examples or no new rows.
    """
    if not new.numel():
        return 1.0
    fixed, scaled, first = old.double(), new.double(), old.shape[1]
    true = torch.where(targets >= first, scaled.gather(1, (targets - first).clamp(min=0)[:, None])[:, 0], 0.0)
    low, high = -math.log(extreme), math.log(extreme)
    for _ in range(halvings):
        middle = (low + high) / 2
        probabilities = torch.cat([fixed, scaled * math.exp(middle)], dim=1).softmax(dim=1)[:, first:]
        slope = ((probabilities * scaled).sum(dim=1) - true).mean()
        low, high = (low, middle) if slope > 0 else (middle, high)
    return math.exp((low + high) / 2)


FITTED: dict[LogitScale, Callable[[Tensor, Tensor, Tensor], float]] = {
    "level": level_factor,
    "temperature": temperature_factor,
}
"""The rules that look at examples, which are not those that the rows were fitted to."""
