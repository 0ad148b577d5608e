"""Old output class freezing of Harun & Kanan 2024: the gradient of the old classes' rows is set to zero."""

from __future__ import annotations

import torch
from tests.reference.descent import cross_entropy


def freeze_old_rows(model, steps, old, lr, momentum):
    """Train with plain cross-entropy; rows and biases of the first ``old`` classes have no gradient.

    Args:
        model: the new model; its head has a block for the old classes and one for the new.
        steps: (x, y) of each step.
        old: how many classes the parent knew.
        lr: learning rate.
        momentum: of the descent.
    """
    parameters = dict(model.named_parameters())
    velocity = {name: torch.zeros_like(parameter) for name, parameter in parameters.items()}
    model.train()
    for x, y in steps:
        gradients = torch.autograd.grad(cross_entropy(model(x), y), list(parameters.values()))
        with torch.no_grad():
            seen = 0
            for (name, parameter), g in zip(parameters.items(), gradients, strict=True):
                if name.startswith("head.") and name.endswith("weight"):
                    seen += len(parameter)
                mask = 0.0 if name.startswith("head.") and seen <= old else 1.0
                velocity[name].mul_(momentum).add_(mask * g)
                parameter.sub_(lr * velocity[name])
    model.eval()
