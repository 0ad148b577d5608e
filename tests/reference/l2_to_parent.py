"""L2-SP: Li, Grandvalet & Davoine 2018, arXiv:1802.01483, without its decay of the new layer."""

from __future__ import annotations

from tests.reference.descent import cross_entropy, descend


def l2_to_parent(model, start, batches, strength, lr, momentum):
    """Minimise L_new + strength/2 ||w_S - w_S^0||^2.

    Args:
        model: the new model.
        start: w^0 by name; what is not in it is not held.
        batches: the (x, y) of each step.
        strength: alpha of the paper.
        lr: learning rate.
        momentum: of the descent.
    """

    def loss(x, y):
        distance = 0.0
        for name, parameter in model.named_parameters():
            if name in start:
                distance = distance + ((parameter - start[name]) ** 2).sum()
        return cross_entropy(model(x), y) + strength / 2 * distance

    descend(model, loss, batches, lr, momentum)
