"""Dark experience replay: Buzzega et al. 2020, arXiv:2004.07211, Algorithms 1 (DER) and 2 (DER++)."""

from __future__ import annotations

import torch
from tests.reference.descent import cross_entropy, descend


def der(model, steps, memory, weights, lr, momentum):
    """Go down the new loss, the distance to the logits in memory, and the loss on its labels.

    Args:
        model: the model.
        steps: for each step the new batch (x, y); the rows of two draws from the memory; and which of the batch are in
            the memory: (place in the batch, row of the memory, a number in [0, 1)).
        memory: (x, y, z), z the logits by row, of those rows that have some; changed in place: the k-th time that an
            example comes by, what is said of it takes the place of what was said, with probability 1 / k.
        weights: (alpha, beta), of the logits and of the labels.
        lr: learning rate.
        momentum: of the descent.
    """
    (x, y, z), (alpha, beta), times = memory, weights, {}

    def loss(new, dark, labelled, notes):
        outputs = model(new[0])
        total = cross_entropy(outputs, new[1])
        if dark := [row for row in dark if row in z]:
            total = total + alpha * ((model(x[dark]) - torch.stack([z[row] for row in dark])) ** 2).mean()
        if labelled := [row for row in labelled if row in z]:
            total = total + beta * cross_entropy(model(x[labelled]), y[labelled])
        for place, row, chance in notes:
            times[row] = times.get(row, 0) + 1
            if chance * times[row] < 1:
                z[row] = outputs[place].detach()
        return total

    descend(model, loss, steps, lr, momentum)
