"""BiC, the bias correction alone: Wu et al. 2019, arXiv:1905.13260, and a penalty that keeps its two numbers finite."""

from __future__ import annotations

import torch
from tests.reference.descent import cross_entropy


def bic(logits, targets, first, ridge, steps=600, lr=0.1):
    """Return α and β, by plain steps down the gradient of the mean over classes of their mean cross-entropies.

    Args:
        logits: of held-out examples, (n, classes), old classes first.
        targets: their class ids.
        first: the id of the first new class.
        ridge: ρ of ρ/2 ((α − 1)² + β²).
        steps: down the gradient.
        lr: of each.
    """
    z, present = logits.detach().double(), targets.unique().tolist()
    alpha, beta = torch.ones((), dtype=torch.float64), torch.zeros((), dtype=torch.float64)
    for _ in range(steps):
        alpha, beta = alpha.requires_grad_(), beta.requires_grad_()
        corrected = torch.cat([z[:, :first], alpha * z[:, first:] + beta], dim=1)
        losses = [cross_entropy(corrected[targets == k], targets[targets == k]) for k in present]
        objective = sum(losses) / len(losses) + ridge / 2 * ((alpha - 1) ** 2 + beta**2)
        slopes = torch.autograd.grad(objective, (alpha, beta))
        alpha, beta = (each.detach() - lr * slope for each, slope in zip((alpha, beta), slopes, strict=True))
    return float(alpha), float(beta)
