"""The asymmetric cross-entropy: Caccia et al. 2022, arXiv:2104.05025, with new examples among the rehearsed."""

from __future__ import annotations

from tests.reference.descent import descend


def ace(model, steps, lr, momentum):
    """Tell new examples apart among their own classes, and those that are rehearsed among all.

    Args:
        model: the model.
        steps: for each step the new batch (x, y), and how many of its first are rehearsed with the memory's (x, y).
        lr: learning rate.
        momentum: of the descent.
    """

    def loss(new, some, old):
        own = sorted(set(new[1].tolist()))
        logits = [*model(new[0])]
        fresh = sum(among(z, y, own) for z, y in zip(logits, new[1].tolist(), strict=True)) / len(logits)
        rehearsed = [*zip(logits[:some], new[1].tolist()[:some], strict=True)]
        rehearsed += zip(model(old[0]), old[1].tolist(), strict=True)
        every = range(len(logits[0]))
        return fresh + sum(among(z, y, every) for z, y in rehearsed) / len(rehearsed)

    descend(model, loss, steps, lr, momentum)


def among(logits, label, classes):
    """Return ``-log p(label)`` where only some classes are in question."""
    return sum(logits[k].exp() for k in classes).log() - logits[label]
