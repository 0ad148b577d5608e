"""How far a network is to be trusted on an example whose class is known: a number in [0, 1], (b,)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

from onward.formulas.logit_scale import temperature_factor

Trust = Literal["constant", "true_class", "relative", "right", "confident", "margin", "calibrated", "class_accuracy"]
"""The measures by name; ``constant`` is 1 whatever the network says."""

Measure = Callable[[Tensor, Tensor], Tensor]
"""From logits, (b, c), and the true class ids, (b,), to the trust in each example, (b,)."""

EXTREME = 20.0
"""The most by which logits are sharpened or softened: where a network is right everywhere no finite factor is best."""


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


def calibrated(logits: Tensor, targets: Tensor) -> Measure:
    """Return ``true_class`` of logits divided by the one temperature that fits these examples best (Guo et al. 2017).

    Args:
        logits: (n, c) on the examples that the temperature is fitted to.
        targets: the true class ids, (n,).
    """
    temperature = fitting_temperature(logits, targets)
    return lambda logits, targets: true_class(logits / temperature, targets)


def class_accuracy(logits: Tensor, targets: Tensor) -> Measure:
    """Return the share of these examples of the true class on which the network is right, whatever it says of this one.

    Args:
        logits: (n, c) on the examples that are counted.
        targets: the true class ids, (n,). A class without an example is trusted by 0, and asked for by none.
    """
    counts = torch.bincount(targets, minlength=logits.shape[1])
    hits = torch.bincount(targets, weights=right(logits, targets), minlength=logits.shape[1])
    shares = (hits / counts.clamp(min=1)).to(logits.dtype)
    return lambda _, targets: shares[targets]


def fitting_temperature(logits: Tensor, targets: Tensor) -> float:
    """Return the T in [1/20, 20] at which the cross-entropy of ``logits / T`` is least.

    Args:
        logits: (n, c); of none, T is 1.
        targets: the true class ids, (n,).
    """
    exact = logits.double().clamp(min=torch.finfo(torch.float32).min)  # 0 times minus infinity would be no number
    return 1 / temperature_factor(exact[:, :0], exact, targets, EXTREME)


def _at(values: Tensor, targets: Tensor) -> Tensor:
    """Return the value of each example's true class, (b,)."""
    return values.gather(1, targets[:, None])[:, 0]


TRUSTS: dict[Trust, Measure] = {
    "true_class": true_class,
    "relative": relative,
    "right": right,
    "confident": confident,
    "margin": margin,
}
"""Every measure that looks at an example alone."""

FITTED: dict[Trust, Callable[[Tensor, Tensor], Measure]] = {"calibrated": calibrated, "class_accuracy": class_accuracy}
"""Every measure that is fitted to examples first."""
