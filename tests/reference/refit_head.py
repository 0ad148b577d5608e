"""The head of ridge regression on all examples at once, from the normal equations with an intercept."""

from __future__ import annotations

import torch


def refit_head(features, targets, classes, strength):
    """Return rows and biases, (classes, d + 1), that make (1/n) Σ ‖y − W h − b‖² + strength · v ‖W‖² least.

    v is the mean variance of a feature. The intercept is one more feature, of ones, that the penalty leaves alone.

    Args:
        features: of all examples, (n, d).
        targets: their class ids.
        classes: how many.
        strength: of the penalty, in units of v.
    """
    h = features.double()
    n, d = h.shape
    extended = torch.cat([h, torch.ones(n, 1, dtype=torch.float64)], dim=1)
    penalty = torch.diag(torch.tensor([strength * h.var(dim=0, correction=0).mean().item()] * d + [0.0]).double())
    one_hot = torch.eye(classes, dtype=torch.float64)[targets]
    return torch.linalg.lstsq(extended.T @ extended / n + penalty, extended.T @ one_hot / n).solution.T
