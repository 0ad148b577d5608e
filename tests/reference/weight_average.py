"""Averaged weights: over steps as the program of Tarvainen & Valpola 2017 has it, and with the parent's."""

from __future__ import annotations

import torch
from tests.reference.descent import cross_entropy, descend


def averaged(model, parent, batches, decay, share, lr, momentum):
    """Descend; put the model at the mean of where it was after each step, and ``share`` of the way to its parent.

    The mean is kept as a list of weights, one for each step, and taken once at the end.
    """
    places = []

    def loss(x, y):
        places.append({name: parameter.detach().clone() for name, parameter in model.named_parameters()})
        return cross_entropy(model(x), y)

    descend(model, loss, batches, lr, momentum)
    places = [*places[1:], {name: parameter.detach().clone() for name, parameter in model.named_parameters()}]
    weights = []
    for t in range(1, len(places) + 1):
        gamma = min(decay, 1 - 1 / t)
        weights = [gamma * weight for weight in weights] + [1 - gamma]
    old = dict(parent.named_parameters())
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            mean = sum(weight * place[name] for weight, place in zip(weights, places, strict=True))
            parameter.copy_((1 - share) * mean + share * old[name] if name in old else mean)
