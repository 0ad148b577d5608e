"""Pooled outputs distillation: the new loss and the distances of stages, one example and one channel at a time."""

from __future__ import annotations

import torch
from tests.reference.descent import cross_entropy, descend


def podnet(model, old, seen, batches, weights, lr, momentum):
    """Train on the new data, and hold what stages give, as the old model gives it.

    Args:
        model: the new model.
        old: the old one, in eval mode.
        seen: says of a model and inputs (what each stage gives, the features).
        batches: for each step (x, y).
        weights: of the stages and of the features.
        lr: learning rate.
        momentum: of the descent.
    """

    def loss(x, y):
        (stages, features), (held, before) = seen(model, x), seen(old, x)
        spatial = [distance(here, there.detach()) for here, there in zip(stages, held, strict=True)]
        flat = mean_of(one_less_cosine, features, before.detach())
        total = cross_entropy(model(x), y) + weights[1] * flat
        return total + weights[0] * sum(spatial) / len(spatial) if spatial else total

    descend(model, loss, batches, lr, momentum)


def distance(new, old):
    """Of maps, (b, c, h, w), that of their pooled squares; of vectors, (b, d), one less the cosine."""
    return mean_of(pod if new.ndim == 4 else one_less_cosine, new, old)


def mean_of(measure, new, old):
    """The mean over a batch."""
    return sum(measure(a, b) for a, b in zip(new, old, strict=True)) / len(new)


def pod(new, old):
    """|| p / ||p|| - q / ||q|| ||, smooth where that is below 1e-4."""
    p, q = sums(new), sums(old)
    apart = p / torch.sqrt(p @ p + 1e-8) - q / torch.sqrt(q @ q + 1e-8)
    return torch.sqrt(apart @ apart + 1e-8) - 1e-4


def sums(maps):
    """Of each channel the energy of each row, then of each channel the energy of each column."""
    rows = [sum(place**2 for place in row) for channel in maps for row in channel]
    columns = [sum(place**2 for place in column) for channel in maps for column in channel.T]
    return torch.stack(rows + columns)


def one_less_cosine(f, g):
    """1 - cos(f, g)."""
    return 1 - torch.dot(f, g) / torch.sqrt((torch.dot(f, f) + 1e-8) * (torch.dot(g, g) + 1e-8))
