"""Train on everything: van de Ven & Tolias 2019, arXiv:1904.07734, "joint" training."""

from __future__ import annotations

import torch
from tests.reference.descent import cross_entropy, descend


def joint(model, experiences, orders, lr, momentum):
    """Lay the (x, y) of all experiences one after another, and go through them by rows in the given orders."""
    x = torch.cat([inputs for inputs, _ in experiences])
    y = torch.cat([targets for _, targets in experiences])
    batches = [(x[rows], y[rows]) for rows in orders]
    descend(model, lambda x, y: cross_entropy(model(x), y), batches, lr, momentum)
