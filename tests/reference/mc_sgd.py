"""MC-SGD: Mirzadeh et al. 2021, arXiv:2010.04495, with the exact chain rule on both lines."""

from __future__ import annotations

from tests.reference.descent import cross_entropy, descend
from tests.reference.subspace import connect


def mc_sgd(model, learning, before, mix, points, connecting, past, rate, connect_lr, clip=None):
    """Learn, start between the weights before and those found, and seek low loss on the lines to both.

    Args:
        model: the network; left at the point that is found.
        learning: (x, y) of each step.
        before: the weights before, by name; rows that were not there are taken from what is found.
        mix: share of ``before`` at the start.
        points: of a line.
        connecting: (old batch, new batch) of each step.
        past: number of earlier updates.
        rate: of learning.
        connect_lr: of connecting.
        clip: of the gradient at a point, in connecting.
    """
    descend(model, lambda x, y: cross_entropy(model(x), y), learning, **rate)
    found = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    ends = ({**found, **before}, found)
    point = {
        name: (mix * ends[0][name] + (1 - mix) * found[name]).requires_grad_() for name in found
    }  # fmt: skip
    line = [(k / points, 1 - k / points) for k in range(points + 1)]
    connect(model, [point], ends, [([*line[1:]], old, new) for old, new in connecting], past, connect_lr, clip)
