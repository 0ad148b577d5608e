"""Learning without forgetting: Li & Hoiem 2016, arXiv:1606.09282, figure 3, without its warm-up stage."""

from __future__ import annotations

import torch
from tests.reference.descent import cross_entropy, descend


def lwf(model, old_logits, steps, strength, temperature, lr, momentum):
    """Train on the new data, and hold the old classes' answers to what they were.

    Args:
        model: the new model; its first columns are the old classes.
        old_logits: (n, old classes), the old model's answers on all new examples, recorded before training.
        steps: for each step (x, y) and the rows of the new data that they are.
        strength: the weight of the old answers.
        temperature: T; the recorded answers and the new ones are softened as p^(1/T), renormalised.
        lr: learning rate.
        momentum: of the descent.
    """
    recorded = softened(old_logits, temperature)

    def loss(x, y, target):
        logits = model(x)
        answers = softened(logits[:, : target.shape[1]], temperature)
        divergence = (target * (target.log() - answers.log())).sum(dim=1).mean()
        return cross_entropy(logits, y) + strength * temperature**2 * divergence

    descend(model, loss, [(x, y, recorded[rows]) for (x, y), rows in steps], lr, momentum)


def softened(logits, temperature):
    """p^(1/T) / sum p^(1/T), with p the softmax of the logits: Eq. 3."""
    p = torch.exp(logits) / torch.exp(logits).sum(dim=1, keepdim=True)
    powered = p ** (1 / temperature)
    return powered / powered.sum(dim=1, keepdim=True)
