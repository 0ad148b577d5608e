"""GEM: Lopez-Paz & Ranzato 2017, arXiv:1706.08840, Algorithm 1, its quadratic programme by trying every active set."""

from __future__ import annotations

from itertools import combinations

import torch
from tests.reference.descent import cross_entropy
from torch.nn.utils import parameters_to_vector, vector_to_parameters


def gem(model, steps, lr, momentum, margin, ridge):
    """Go down the new loss, each gradient projected where it goes against that of a memory.

    Args:
        model: the model.
        steps: for each step the new batch (x, y) and a list of batches (x, y), one of each memory.
        lr: learning rate.
        momentum: of the descent.
        margin: γ, the least that a memory's gradient counts in a projection.
        ridge: ρ, of ρ/2 times the squares of what they count.

    Returns:
        How many of the gradients were projected.
    """
    parameters = list(model.parameters())
    velocity = torch.zeros_like(parameters_to_vector(parameters))
    projected = 0
    model.train()
    for new, memories in steps:
        g, *each = (
            parameters_to_vector(torch.autograd.grad(cross_entropy(model(x), y), parameters))
            for x, y in (new, *memories)
        )
        rows = torch.stack(each)
        if (rows @ g < 0).any():
            g, projected = g + multipliers(rows.double(), g.double(), margin, ridge).float() @ rows, projected + 1
        velocity = momentum * velocity + g
        with torch.no_grad():
            vector_to_parameters(parameters_to_vector(parameters) - lr * velocity, parameters)
    model.eval()
    return projected


def multipliers(rows, g, margin, ridge):
    """Return v that makes ‖g + vᵀ rows‖² + ridge ‖v‖² least with every v >= margin: of each set free, the best.

    As the squares of longer vectors: √ridge of an axis of its own goes with each row.
    """
    count = len(rows)
    rows = torch.cat([rows, ridge**0.5 * torch.eye(count, dtype=rows.dtype)], dim=1)
    g = torch.cat([g, g.new_zeros(count)])
    best, least = None, torch.inf
    for count in range(len(rows) + 1):
        for free in combinations(range(len(rows)), count):
            v = torch.full((len(rows),), margin, dtype=rows.dtype)
            if free:
                fixed = [k for k in range(len(rows)) if k not in free]
                away = g + v[fixed] @ rows[fixed]
                v[list(free)] = -torch.linalg.lstsq(rows[list(free)].T, away).solution
            if (v >= margin - 1e-12).all() and (g + v @ rows).norm() < least:
                best, least = v, (g + v @ rows).norm()
    return best
