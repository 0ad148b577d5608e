"""How far a network is to be trusted on an example whose class is known: a number in [0, 1], (b,)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

Trust = Literal["constant", "true_class", "relative", "right", "confident", "margin"]
"""The measures by name; ``constant`` is 1 whatever the network says."""


def true_class(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the probability that the network gives the true class.

    Args:
        logits: (b, c).
        targets: the true class ids, (b,) int64 in [0, c). So for every function here.
    """
    return _at(logits.softmax(dim=1), targets)


def relative(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the probability of the true class beside that of the likeliest: 1 where the network is right.

    Unlike ``true_class`` it does not fall as classes grow in number and every probability with them.
    """
    return (_at(logits, targets) - logits.amax(dim=1)).exp()


def right(logits: Tensor, targets: Tensor) -> Tensor:
    """Return 1 where the true class is the likeliest, else 0."""
    return (logits.argmax(dim=1) == targets).to(logits.dtype)


def confident(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the probability of the likeliest class where that is the true one, else 0."""
    return logits.softmax(dim=1).amax(dim=1) * right(logits, targets)


def margin(logits: Tensor, targets: Tensor) -> Tensor:
    """Return sigmoid(z_y - max_{k ≠ y} z_k): above 1/2 where the network is right, by how clearly it is.

    Of a single class there is no other, and the network is trusted by 1.
    """
    others = logits.scatter(1, targets[:, None], -torch.inf).amax(dim=1)
    return torch.sigmoid(_at(logits, targets) - others)


def _at(values: Tensor, targets: Tensor) -> Tensor:
    """Return the value of each example's true class, (b,)."""
    return values.gather(1, targets[:, None])[:, 0]


TRUSTS: dict[Trust, Callable[[Tensor, Tensor], Tensor]] = {
    "true_class": true_class,
    "relative": relative,
    "right": right,
    "confident": confident,
    "margin": margin,
}
"""Every measure but the constant one."""
