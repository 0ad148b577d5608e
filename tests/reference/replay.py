"""Experience replay: Chaudhry et al. 2019, arXiv:1902.10486, Algorithms 1 and 2 (reservoir).

And herding, Rebuffi et al. 2017, arXiv:1611.07725, Algorithm 4; MIR, Aljundi et al. 2019, arXiv:1908.04742, Alg. 1.
"""

from __future__ import annotations

import copy

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


def herding(features, mean, count):
    """Return the exemplars of a class, one after another, as rows.

    Args:
        features: of each example, a list of vectors.
        mean: of the class.
        count: how many.
    """
    chosen = []
    for k in range(1, count + 1):
        far = {}
        for row, phi in enumerate(features):
            if row not in chosen:
                so_far = sum((features[j] for j in chosen), torch.zeros_like(mean))
                far[row] = float((mean - (phi + so_far) / k).norm())
        chosen.append(min(far, key=far.get))
    return chosen


def interfered(model, new, candidates, size, lr):
    """Return the places of the candidates whose loss rises most by a step on the new batch.

    Args:
        model: left as it is.
        new: (x, y).
        candidates: (x, y).
        size: how many of them.
        lr: of the step.
    """
    virtual = copy.deepcopy(model)
    descend(virtual, lambda x, y: cross_entropy(virtual(x), y), [new], lr, 0.0)
    rises = []
    for x, y in zip(*candidates, strict=True):
        before, after = (cross_entropy(each(x[None]), y[None]).item() for each in (model, virtual))
        rises.append(after - before)
    return sorted(range(len(rises)), key=lambda place: -rises[place])[:size]


def mir(model, steps, lr, momentum):
    """Train on the union of each new batch and those of some candidates with which it interferes most.

    Args:
        model: the model.
        steps: for each step the new batch (x, y), the candidates (x, y), and how many of them are taken.
        lr: learning rate, of the virtual step too.
        momentum: of the descent.
    """

    def batches():
        for (x, y), (old_x, old_y), size in steps:
            places = sorted(interfered(model, (x, y), (old_x, old_y), size, lr))
            yield torch.cat([x, old_x[places]]), torch.cat([y, old_y[places]])

    descend(model, lambda x, y: cross_entropy(model(x), y), batches(), lr, momentum)
