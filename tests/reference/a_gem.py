"""A-GEM: Chaudhry et al. 2019, arXiv:1812.00420, Algorithm 2."""

from __future__ import annotations

import torch
from tests.reference.descent import cross_entropy
from torch.nn.utils import parameters_to_vector, vector_to_parameters


def a_gem(model, steps, lr, momentum):
    """Go down the new loss, each gradient projected where it goes against the memory's.

    Args:
        model: the model.
        steps: for each step the new batch (x, y) and a batch (x, y) of the memory.
        lr: learning rate.
        momentum: of the descent.
    """
    parameters = list(model.parameters())
    velocity = torch.zeros_like(parameters_to_vector(parameters))
    model.train()
    for new, old in steps:
        g, r = (
            parameters_to_vector(torch.autograd.grad(cross_entropy(model(x), y), parameters)) for x, y in (new, old)
        )
        if g @ r < 0:
            g = g - (g @ r) / (r @ r) * r
        velocity = momentum * velocity + g
        with torch.no_grad():
            vector_to_parameters(parameters_to_vector(parameters) - lr * velocity, parameters)
    model.eval()
