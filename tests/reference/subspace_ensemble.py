"""Subspace ensembles: Doan et al. 2023, arXiv:2202.09826, Algorithm 4, with a cosine between a pair of corners."""

from __future__ import annotations

from tests.reference.subspace import between, descend, loss_at, settle


def subspace_ensemble(model, corners, steps, diversity=0.0, **rate):
    """Train the corners, and leave the model at their midpoint.

    Args:
        model: the network.
        corners: the leaves.
        steps: (x, y), the shares, and the pair of corners that is pushed apart.
        diversity: beta of beta cos^2.
        rate: lr, momentum and decay.
    """

    def objective(batch, shares, pair):
        loss = loss_at(model, between(shares, corners), *batch)
        return loss + diversity * cosine(*(corners[i] for i in pair)) ** 2 if diversity else loss

    descend(corners, [lambda each=each: objective(*each) for each in steps], **rate)
    settle(model, corners)


def cosine(one, other):
    """<a, b> / (|a| |b|) over all parameters."""

    def inner(a, b):
        return sum((a[name] * b[name]).sum() for name in a)

    return inner(one, other) / (inner(one, one) * inner(other, other)).sqrt()
