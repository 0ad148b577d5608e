"""Synaptic intelligence: Zenke, Poole & Ganguli 2017, arXiv:1703.04200, Eqs. 3 to 5."""

from __future__ import annotations

import torch
from tests.reference.descent import cross_entropy


def si(model, importance, anchor, batches, strength, lr, momentum):
    """Minimise the surrogate loss, L + strength sum_k Omega_k (theta*_k - theta_k)^2; return omega and Delta by name.

    The gradient in omega is that of L alone.
    """
    parameters = dict(model.named_parameters())
    velocity = {name: torch.zeros_like(parameter) for name, parameter in parameters.items()}
    omega = {name: torch.zeros_like(parameter) for name, parameter in parameters.items()}
    start = {name: parameter.detach().clone() for name, parameter in parameters.items()}
    model.train()
    for x, y in batches:
        gradients = torch.autograd.grad(cross_entropy(model(x), y), list(parameters.values()))
        with torch.no_grad():
            for (name, parameter), g in zip(parameters.items(), gradients, strict=True):
                before = parameter.clone()
                pull = 2 * strength * importance[name] * (parameter - anchor[name]) if name in importance else 0
                velocity[name] = momentum * velocity[name] + g + pull
                parameter -= lr * velocity[name]
                omega[name] += -g * (parameter - before)
    model.eval()
    return omega, {name: parameter.detach() - start[name] for name, parameter in parameters.items()}


def importance_weights(omega, delta, damping):
    """omega_k / (Delta_k^2 + xi)."""
    return {name: omega[name] / (delta[name] ** 2 + damping) for name in omega}


def consolidated(before, new, decay):
    """Omega <- relu(decay Omega + Omega_new), where there was one: the relu is the program's."""
    sums = {name: value + decay * before[name] if name in before else value for name, value in new.items()}
    return {name: value.clamp(min=0) for name, value in sums.items()}
