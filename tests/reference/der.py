"""Dark experience replay: Buzzega et al. 2020, arXiv:2004.07211, Algorithms 1 (DER) and 2 (DER++)."""

from __future__ import annotations

from tests.reference.descent import cross_entropy, descend


def der(model, steps, alpha, beta, lr, momentum):
    """Go down the new loss, the distance to the logits in memory, and the loss on its labels.

    Args:
        model: the model.
        steps: for each step the new batch (x, y), one of the memory with logits (x, z), and another (x, y).
        alpha: weighs the logits.
        beta: weighs the labels.
        lr: learning rate.
        momentum: of the descent.

    Returns:
        What the model said of each new batch, before the step on it.
    """
    said = []

    def loss(new, dark, labelled):
        outputs = model(new[0])
        said.append(outputs.detach())
        distance = ((model(dark[0]) - dark[1]) ** 2).mean()
        return cross_entropy(outputs, new[1]) + alpha * distance + beta * cross_entropy(model(labelled[0]), labelled[1])

    descend(model, loss, steps, lr, momentum)
    return said
