"""BatchEnsemble: Wen, Tran & Ba 2020, arXiv:2002.06715; Algorithm 5 of Doan et al. 2023, arXiv:2202.09826."""

from __future__ import annotations

import torch
from tests.reference.descent import cross_entropy


def said(layers, head, x, member):
    """What one member says of examples: its weights are the shared ones times s r^T, written out."""
    for weight, bias, r, s in layers:
        own = weight * torch.outer(s[member], r[member])
        x = torch.relu(x @ own.T + bias * s[member])
    return x @ head[0].T + head[1]


def batch_ensemble(layers, head, members, batches, lr, momentum):
    """Train the shared weights and the factors; the k-th example of a batch is the member's k mod n.

    Args:
        layers: (weight, bias, r, s) of each hidden layer, as leaves.
        head: (weight, bias), as leaves.
        members: n.
        batches: (x, y) of each step.
        lr: learning rate.
        momentum: v <- momentum v + g, then w <- w - lr v.
    """
    leaves = [*(leaf for layer in layers for leaf in layer), *head]
    velocity = [torch.zeros_like(leaf) for leaf in leaves]
    for x, y in batches:
        rows = torch.cat([said(layers, head, x[k : k + 1], k % members) for k in range(len(x))])
        for leaf, v, g in zip(leaves, velocity, torch.autograd.grad(cross_entropy(rows, y), leaves), strict=True):
            with torch.no_grad():
                v.mul_(momentum).add_(g)
                leaf.sub_(lr * v)
