"""Elastic weight consolidation: Kirkpatrick et al. 2017, arXiv:1612.00796, Eq. 3; summed as Huszar 2018 has it."""

from __future__ import annotations

import torch
from tests.reference.descent import cross_entropy, descend


def ewc(model, fisher, anchor, batches, strength, lr, momentum):
    """Minimise L_new + strength/2 sum_i F_i (theta_i - theta*_i)^2 over the parameters that have a Fisher."""

    def loss(x, y):
        total = cross_entropy(model(x), y)
        for name, parameter in model.named_parameters():
            if name in fisher:
                total = total + strength / 2 * (fisher[name] * (parameter - anchor[name]) ** 2).sum()
        return total

    descend(model, loss, batches, lr, momentum)


def fisher_information(model, inputs):
    """The diagonal of E_x E_{y ~ p(y|x)} [grad log p(y|x) grad log p(y|x)^T], one example and one label at a time."""
    names = [name for name, _ in model.named_parameters()]
    total = {name: torch.zeros_like(parameter) for name, parameter in model.named_parameters()}
    for x in inputs:
        for label in range(model(x[None]).shape[1]):
            log_p = torch.log_softmax(model(x[None]), dim=1)[0, label]
            gradients = torch.autograd.grad(log_p, list(model.parameters()))
            for name, gradient in zip(names, gradients, strict=True):
                total[name] += log_p.exp().detach() * gradient**2
    return {name: value / len(inputs) for name, value in total.items()}


def consolidated(before, new, decay):
    """F <- decay F + F_new, where there was one."""
    return {name: value + decay * before[name] if name in before else value for name, value in new.items()}
