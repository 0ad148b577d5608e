"""Experience replay: Chaudhry et al. 2019, arXiv:1902.10486, Algorithms 1 and 2 (reservoir)."""

from __future__ import annotations

import torch
from tests.reference.descent import cross_entropy, descend


def replay(model, steps, memory, lr, momentum):
    """Train on the union of each new batch and a batch of the memory.

    Args:
        model: the model.
        steps: for each step the new batch (x, y) and the rows of the memory that go beside it.
        memory: a list of (x, y), one example each.
        lr: learning rate.
        momentum: of the descent.
    """
    batches = []
    for (x, y), rows in steps:
        old_x = torch.stack([memory[row][0] for row in rows.tolist()])
        old_y = torch.stack([memory[row][1] for row in rows.tolist()])
        batches.append((torch.cat([x, old_x]), torch.cat([y, old_y])))
    descend(model, lambda x, y: cross_entropy(model(x), y), batches, lr, momentum)


def update_memory(memory, seen, arrivals, size, uniform):
    """Vitter's Algorithm R, one arrival after another.

    Args:
        memory: a list of at most ``size`` items; changed in place.
        seen: how many came before.
        arrivals: items.
        size: of the memory.
        uniform: a number in [0, 1) for each arrival.
    """
    for item, u in zip(arrivals, uniform, strict=True):
        if len(memory) < size:
            memory.append(item)
        else:
            place = int(u * (seen + 1))
            if place < size:
                memory[place] = item
        seen += 1
