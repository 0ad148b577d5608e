"""Stochastic gradient descent with momentum, written out: what every reference here shares."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn


def descend(
    model: nn.Module,
    loss: Callable[..., Tensor],
    batches: Iterable[tuple[Tensor, ...]],
    lr: float,
    momentum: float,
) -> None:
    """Go down ``loss(*batch)`` of each batch in turn: v <- momentum v + g, then theta <- theta - lr v."""
    parameters = list(model.parameters())
    velocity = [torch.zeros_like(parameter) for parameter in parameters]
    model.train()
    for batch in batches:
        gradients = torch.autograd.grad(loss(*batch), parameters)
        with torch.no_grad():
            for parameter, v, g in zip(parameters, velocity, gradients, strict=True):
                v.mul_(momentum).add_(g)
                parameter.sub_(lr * v)
    model.eval()


def descend_leaves(
    said: Callable[[Tensor], Tensor],
    leaves: list[Tensor],
    batches: Iterable[tuple[Tensor, Tensor]],
    lr: float,
    momentum: float,
) -> None:
    """Go down the cross-entropy of ``said(x)``, the logits, by some leaves alone: the same steps; all else stands."""
    velocity = [torch.zeros_like(leaf) for leaf in leaves]
    for x, y in batches:
        gradients = torch.autograd.grad(cross_entropy(said(x), y), leaves)
        for leaf, v, g in zip(leaves, velocity, gradients, strict=True):
            with torch.no_grad():
                v.mul_(momentum).add_(g)
                leaf.sub_(lr * v)


def cross_entropy(logits: Tensor, y: Tensor) -> Tensor:
    """The mean of ``-log p(y)``."""
    log_p = logits - logits.exp().sum(dim=1, keepdim=True).log()
    return -sum(log_p[i, label] for i, label in enumerate(y.tolist())) / len(y)
