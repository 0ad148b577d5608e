"""Vanilla ensembles: Doan et al. 2023, arXiv:2202.09826, Algorithm 3, and the bagging form of their Appendix E.2."""

from __future__ import annotations

import torch
from tests.reference.descent import cross_entropy


def vanilla_ensemble(members, bias, batches, lr, momentum, turns=None):
    """Train each member by itself.

    Args:
        members: networks of their own, whose logits lack a bias.
        bias: of the classes, one for all members: it moves by the mean of their gradients.
        batches: (x, y) of each step.
        lr: learning rate of each member.
        momentum: v <- momentum v + g, then w <- w - lr v.
        turns: which member each batch goes to; None is all.
    """
    leaves = [*(p for member in members for p in member.parameters()), bias]
    velocity = {leaf: torch.zeros_like(leaf) for leaf in leaves}

    def move(leaf, gradient):
        with torch.no_grad():
            velocity[leaf].mul_(momentum).add_(gradient)
            leaf.sub_(lr * velocity[leaf])

    for number, (x, y) in enumerate(batches):
        there = members if turns is None else [members[turns[number]]]
        losses = [cross_entropy(member(x) + bias, y) for member in there]
        slopes = [torch.autograd.grad(loss, [*m.parameters(), bias]) for m, loss in zip(there, losses, strict=True)]
        for member, slope in zip(there, slopes, strict=True):
            for leaf, gradient in zip(member.parameters(), slope[:-1], strict=True):
                move(leaf, gradient)
        move(bias, sum(slope[-1] for slope in slopes) / len(slopes))
