"""Two-step training: the program of Iman et al. 2022 (mrezaim/Expanse), with basics that are found, not picked."""

from __future__ import annotations

from tests.reference.descent import cross_entropy, descend


def nearest_to_mean(vectors, targets, each):
    """The places of the ``each`` examples of every class that lie nearest its mean, in order.

    Args:
        vectors: (n, d).
        targets: class ids, (n,).
        each: of a class, at most.
    """
    chosen = []
    for label in sorted(set(targets.tolist())):
        places = [place for place, target in enumerate(targets.tolist()) if target == label]
        mean = sum(vectors[place] for place in places) / len(places)
        places.sort(key=lambda place: sum((vectors[place] - mean) ** 2).item())
        chosen += places[:each]
    return sorted(chosen)


def lowest_loss(logits, targets, each):
    """The places of the ``each`` examples of every class with the lowest cross-entropy, in order.

    Args:
        logits: (n, c).
        targets: class ids, (n,).
        each: of a class, at most.
    """
    chosen = []
    for label in sorted(set(targets.tolist())):
        places = [place for place, target in enumerate(targets.tolist()) if target == label]
        places.sort(key=lambda place: cross_entropy(logits[[place]], targets[[place]]).item())
        chosen += places[:each]
    return sorted(chosen)


def two_step(model, basics, everything, basics_lr, lr, momentum):
    """Train on the basics, and go on from there on everything.

    Args:
        model: the model.
        basics: the batches (x, y) of the first step.
        everything: those of the second.
        basics_lr: learning rate of the first.
        lr: learning rate of the second.
        momentum: of both, which begin with none.
    """
    for steps, rate in ((basics, basics_lr), (everything, lr)):
        descend(model, lambda x, y: cross_entropy(model(x), y), steps, rate, momentum)
