"""The weighted mean of several versions of a network."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from onward.nets.classifier import Classifier
from onward.nets.head import Head

BLOCKS = "head.blocks."
"""How the names of the head's tensors begin: its rows are met one by one, for not every version has all of them."""


@torch.no_grad()
def mean_of_models(frame: Classifier, models: Sequence[Classifier], weights: Sequence[float]) -> Classifier:
    """Return a new network whose tensors are the weighted means of those of several.

    A network that does not know a class counts as one with a row of zeros for it. Batch norm's running statistics are
    averaged as weights are; see ``averaging.renormalise`` for those that belong to the mean. Whole numbers, such as a
    count of batches, are those of the network with the largest weight.

    Args:
        frame: one of the networks, which knows every class that another knows; the new one is of its shape and has its
            names.
        models: of one architecture, their classes counted alike.
        weights: one each, >= 0, not all 0; only their ratios count.
    """
    made = copy.deepcopy(frame)
    states = [model.state_dict() for model in models]
    heaviest = list(weights).index(max(weights))
    for name, own in made.state_dict().items():
        if not name.startswith(BLOCKS):
            each = [state[name] for state in states]
            own.copy_(mean_of(each, weights) if own.is_floating_point() else each[heaviest])
    for kind in ("weight", "bias") if frame.head.bias else ("weight",):
        rows = [rows_of(model.head, kind, len(frame.classes)) for model in models]
        for block, own in zip(made.head.linears, mean_of(rows, weights).split(frame.head.sizes), strict=True):
            getattr(block, kind).copy_(own)
    return made


def mean_of(tensors: Sequence[Tensor], weights: Sequence[float]) -> Tensor:
    """Return the weighted mean of tensors of one shape, in their type.

    It is summed in float64: the mean of equal tensors is that tensor to the bit, and so is a tensor that alone has a
    weight.

    Args:
        tensors: of floats.
        weights: one each, >= 0, not all 0.
    """
    whole = sum(weights)
    (first, weight), *rest = [pair for pair in zip(tensors, weights, strict=True) if pair[1]]
    total = first.double() * (weight / whole)
    for tensor, weight in rest:
        total.add_(tensor.double(), alpha=weight / whole)
    return total.to(first.dtype)


def rows_of(head: Head, kind: str, count: int) -> Tensor:
    """Return the weights, (count, d), or the biases, (count,), of all blocks of a head, and zeros for what it lacks."""
    rows = torch.cat([getattr(block, kind) for block in head.linears])
    return F.pad(rows, (*(0, 0) * (rows.ndim - 1), 0, count - len(rows)))
