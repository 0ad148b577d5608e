"""Stable SGD: Mirzadeh et al. 2020, arXiv:2006.06958; the program of the authors counts the updates from 0."""

from __future__ import annotations

from tests.reference.descent import cross_entropy, descend


def stable_sgd(model, steps, update, decay, least, lr, momentum):
    """Train at the rate of an update, counted from 0: max(lr * decay^k, least)."""
    for _ in range(update):
        lr = lr * decay
    descend(model, lambda x, y: cross_entropy(model(x), y), steps, max(lr, least), momentum)
