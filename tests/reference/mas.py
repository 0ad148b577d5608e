"""Memory aware synapses: Aljundi et al. 2018, arXiv:1711.09601, Eqs. 2 and 3."""

from __future__ import annotations

import torch
from tests.reference.descent import cross_entropy, descend


def mas(model, importance, anchor, batches, strength, lr, momentum):
    """Minimise L_new(theta) + strength sum_i Omega_i (theta_i - theta*_i)^2 over what has an importance."""

    def loss(x, y):
        total = cross_entropy(model(x), y)
        for name, parameter in model.named_parameters():
            if name in importance:
                total = total + strength * (importance[name] * (parameter - anchor[name]) ** 2).sum()
        return total

    descend(model, loss, batches, lr, momentum)


def importance_weights(model, inputs):
    """1/N sum_k | d ||f(x_k)||^2 / d theta_i |, one example at a time."""
    names = [name for name, _ in model.named_parameters()]
    total = {name: torch.zeros_like(parameter) for name, parameter in model.named_parameters()}
    for x in inputs:
        gradients = torch.autograd.grad((model(x[None]) ** 2).sum(), list(model.parameters()))
        for name, gradient in zip(names, gradients, strict=True):
            total[name] += gradient.abs()
    return {name: value / len(inputs) for name, value in total.items()}
