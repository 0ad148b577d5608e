"""Descent in which the first layers of a network have no gradient."""

from __future__ import annotations

import torch
from tests.reference.descent import cross_entropy


def freeze_stem(model, steps, frozen, lr, momentum):
    """Train with plain cross-entropy; the first ``frozen`` parameters, from the input on, have no gradient.

    Args:
        model: the new model; its backbone's parameters come first.
        steps: (x, y) of each step.
        frozen: how many parameters stand still.
        lr: learning rate.
        momentum: of the descent.
    """
    parameters = list(model.parameters())
    velocity = [torch.zeros_like(parameter) for parameter in parameters]
    for x, y in steps:
        gradients = torch.autograd.grad(cross_entropy(model(x), y), parameters)
        with torch.no_grad():
            for k, (parameter, v, g) in enumerate(zip(parameters, velocity, gradients, strict=True)):
                v.mul_(momentum).add_(g * (k >= frozen))
                parameter.sub_(lr * v)
