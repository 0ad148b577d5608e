"""Points between corners, written out with autograd: the gradient goes through the sum to every corner."""

from __future__ import annotations

from functools import partial

import torch
from tests.reference.descent import cross_entropy
from torch.func import functional_call


def corners_of(model, offsets):
    """The corners as leaves: for each a dictionary of the model's parameters plus its offsets."""
    n = len(next(iter(offsets.values())))
    return [
        {name: (p.detach() + offsets[name][i]).requires_grad_() for name, p in model.named_parameters()}
        for i in range(n)
    ]  # fmt: skip


def between(shares, points):
    """The weighted sum of some points, by parameter."""
    return {
        name: sum(share * point[name] for share, point in zip(shares, points, strict=True)) for name in points[0]
    }  # fmt: skip


def loss_at(model, point, x, y):
    """The cross-entropy of a batch, with a point for the weights."""
    return cross_entropy(functional_call(model, point, (x,)), y)


def felt_at(model, point, x, y, clip):
    """What has the gradient of the cross-entropy at a point, at most so long, and is linear in the point."""
    here = {name: value.detach().requires_grad_() for name, value in point.items()}
    gradients = torch.autograd.grad(loss_at(model, here, x, y), list(here.values()))
    length = sum(gradient.square().sum() for gradient in gradients).sqrt()
    shorter = min(1.0, clip / float(length))
    return sum((shorter * g * value).sum() for g, value in zip(gradients, point.values(), strict=True))


def descend(corners, objectives, lr, momentum=0.0, decay=0.0):
    """Go down each objective in turn: v <- momentum v + g + decay w for each corner, then w <- w - lr v."""
    leaves = [leaf for corner in corners for leaf in corner.values()]
    velocity = [torch.zeros_like(leaf) for leaf in leaves]
    for objective in objectives:
        gradients = torch.autograd.grad(objective(), leaves)
        with torch.no_grad():
            for leaf, v, g in zip(leaves, velocity, gradients, strict=True):
                v.mul_(momentum).add_(g + decay * leaf)
                leaf.sub_(lr * v)


def settle(model, corners):
    """Put the model at the mean of the corners."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(torch.stack([corner[name] for corner in corners]).mean(0))


def connect(model, corners, ends, steps, past, lr, clip=None):
    """Minimise the losses on the way to both ends.

    Args:
        model: the network; left at the mean of the corners.
        corners: that move.
        ends: the weights before and those found, which stand still.
        steps: for each the points, a list of n + 1 shares of which the last is the end's, and the old and new batch.
        past: what the old loss is multiplied by.
        lr: learning rate.
        clip: how long the gradient at a point may be; None for any length.
    """
    loss = loss_at if clip is None else partial(felt_at, clip=clip)

    def objective(points, old, new):
        seen = [
            past * loss(model, between(shares, [*corners, ends[0]]), *old)
            + loss(model, between(shares, [*corners, ends[1]]), *new)
            for shares in points
        ]
        return sum(seen) / len(seen)

    descend(corners, [lambda each=each: objective(*each) for each in steps], lr)
    settle(model, corners)
