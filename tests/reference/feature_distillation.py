"""Features held to the parent's: the new loss and a distance, one example and one feature at a time."""

from __future__ import annotations

import torch
from tests.reference.descent import cross_entropy, descend


def feature_distillation(model, old_features, rows, steps, method, lr, momentum):
    """Train on the new data, and hold its features to what they were.

    Args:
        model: the new model.
        old_features: (n, d), the old model's features of all new examples, recorded before training.
        rows: (c, d), the old model's head.
        steps: for each step (x, y) and the rows of the new data that they are.
        method: the strength of the distance, and its form.
        lr: learning rate.
        momentum: of the descent.
    """
    between = {"cosine": cosine, "l2": l2, "smooth_l1": smooth_l1, "through_head": lambda f, g: through(rows, f, g)}
    strength, form = method

    def loss(x, y, target):
        distances = [between[form](f, g) for f, g in zip(model.features(x), target, strict=True)]
        return cross_entropy(model(x), y) + strength * sum(distances) / len(distances)

    descend(model, loss, [(x, y, old_features[taken]) for (x, y), taken in steps], lr, momentum)


def cosine(f, g):
    """2 - 2 cos(f, g)."""
    return 2 - 2 * torch.dot(f, g) / (torch.dot(f, f).sqrt() * torch.dot(g, g).sqrt())


def l2(f, g):
    """||f - g||^2 / d."""
    return sum((a - b) ** 2 for a, b in zip(f, g, strict=True)) / len(f)


def smooth_l1(f, g):
    """Huber's function of each difference, with its corner at 1."""
    apart = [(a - b).abs() for a, b in zip(f, g, strict=True)]
    return sum(a**2 / 2 if a < 1 else a - 0.5 for a in apart) / len(f)


def through(rows, f, g):
    """||W f - W g||^2 / c."""
    return sum((torch.dot(row, f) - torch.dot(row, g)) ** 2 for row in rows) / len(rows)
