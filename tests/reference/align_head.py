"""Classifier alignment: Zhang et al. 2023, arXiv:2303.05118, one class and one example at a time."""

from __future__ import annotations

import numpy as np
import torch
from tests.reference.descent import cross_entropy, descend


def covariances(features, spread, ridge, shrinkage):
    """Return the mean and the covariance of each class.

    Args:
        features: of all examples of a class, (n, d), by its name.
        spread: ``full``, ``diagonal`` or ``shared``.
        ridge: in units of the mean variance of a feature.
        shrinkage: the examples as which the covariance of all classes counts.
    """
    h = {name: each.double().numpy() for name, each in features.items()}
    freedom = sum(len(each) - 1 for each in h.values())
    pooled = sum((each - each.mean(axis=0)).T @ (each - each.mean(axis=0)) for each in h.values()) / freedom
    d = len(pooled)
    found = {}
    for name, each in h.items():
        n = len(each)
        own = pooled if spread == "shared" else ((n - 1) * np.cov(each.T) + shrinkage * pooled) / (n - 1 + shrinkage)
        own = np.diag(np.diag(own)) if spread == "diagonal" else own
        found[name] = each.mean(axis=0), own + ridge * np.trace(pooled) / d * np.eye(d)
    return found


def drawn(mean, covariance, noise):
    """Return a draw of the Gaussian for each row of standard normal noise, (m, d) float32."""
    lower = np.linalg.cholesky(covariance)
    return torch.stack([torch.from_numpy(mean + lower @ z).float() for z in noise.numpy()])


def normalised(logits, sizes, temperature):
    """Return each row of logits over the temperature and the mean length of its parts, those of one session each."""
    rows = []
    for row in logits:
        start, lengths = 0, []
        for size in sizes:
            lengths.append((row[start : start + size] ** 2).sum() ** 0.5)
            start += size
        rows.append(row / (temperature * sum(lengths) / len(lengths)))
    return torch.stack(rows)


def align_head(head, steps, sizes, temperature, lr, momentum):
    """Train the head on drawn features.

    Args:
        head: of the model, features to logits.
        steps: (features, class ids) of each step.
        sizes: how many classes came together, by session.
        temperature: of the normalised logits; None leaves them as they are.
        lr: learning rate.
        momentum: of the descent.
    """

    def loss(h, y):
        logits = head(h)
        return cross_entropy(logits if temperature is None else normalised(logits, sizes, temperature), y)

    descend(head, loss, steps, lr, momentum)
