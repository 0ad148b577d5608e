"""Descent with a rate for each parameter that falls from the output backwards, by hand."""

from __future__ import annotations

import torch
from tests.reference.descent import cross_entropy


def layer_decay(model, steps, decay, lr, momentum):
    """Train with plain cross-entropy; the k-th parameter below the head, from the top, goes at ``decay ** k``.

    Args:
        model: the new model.
        steps: (x, y) of each step.
        decay: of the rate from one parameter to the one below.
        lr: of the head.
        momentum: of the descent.
    """
    below = [parameter for name, parameter in model.named_parameters() if not name.startswith("head.")]
    head = [parameter for name, parameter in model.named_parameters() if name.startswith("head.")]
    rates = [lr] * len(head) + [lr * decay ** (k + 1) for k in range(len(below))]
    parameters = head + below[::-1]
    velocity = [torch.zeros_like(parameter) for parameter in parameters]
    model.train()
    for x, y in steps:
        gradients = torch.autograd.grad(cross_entropy(model(x), y), parameters)
        with torch.no_grad():
            for parameter, v, g, rate in zip(parameters, velocity, gradients, rates, strict=True):
                v.mul_(momentum).add_(g)
                parameter.sub_(rate * v)
    model.eval()
