"""The head of ridge regression on all examples at once, from the normal equations with an intercept; and SLDA's."""

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


def slda(features, targets, classes, epsilon):
    """Return the logits of deep streaming LDA, h -> W h + b, of a stream of one example at a time.

    Hayes & Kanan 2020, arXiv:1909.01520: running means and one running covariance, Λ = ((1 - ε) Σ + ε I)⁻¹, W = Λ M,
    b = -½ diag(M' Λ M). Each deviation counts n_k / (n_k + 1), n_k the examples of its class before it, by which the
    running covariance is that of all examples; the paper has t / (t + 1), t all examples before it.

    Args:
        features: of all examples, (n, d).
        targets: their class ids.
        classes: how many.
        epsilon: ε.
    """
    d = features.shape[1]
    means, counts = torch.zeros(classes, d, dtype=torch.float64), [0] * classes
    covariance = torch.zeros(d, d, dtype=torch.float64)
    for t, (h, k) in enumerate(zip(features.double(), targets.tolist(), strict=True)):
        away = h - means[k]
        covariance = (t * covariance + counts[k] / (counts[k] + 1) * torch.outer(away, away)) / (t + 1)
        means[k] = (counts[k] * means[k] + h) / (counts[k] + 1)
        counts[k] += 1
    precision = torch.linalg.inv((1 - epsilon) * covariance + epsilon * torch.eye(d, dtype=torch.float64))
    weight = means @ precision
    bias = -(weight * means).sum(dim=1) / 2
    return lambda h: h.double() @ weight.T + bias
