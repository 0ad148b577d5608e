"""iCaRL: Rebuffi et al. 2017, arXiv:1611.07725, Algorithms 1 (classification) and 3 (representation)."""

from __future__ import annotations

import torch
from tests.reference.descent import descend
from torch.nn.functional import logsigmoid


def represent(model, answer, old, steps, lr, momentum):
    """Go down the sigmoid loss: labels for new classes, the old network's answers for old ones.

    Args:
        model: the model.
        answer: gives the logits of the old network on inputs.
        old: how many classes that has.
        steps: for each step a batch (x, y) of examples of new classes, and of exemplars.
        lr: learning rate.
        momentum: of the descent.
    """

    def loss(x, y):
        z = model(x)
        q = torch.sigmoid(answer(x)).detach()
        total = 0.0
        for i, label in enumerate(y.tolist()):
            for k in range(z.shape[1]):
                t = q[i, k] if k < old else float(label == k)
                total = total - (t * logsigmoid(z[i, k]) + (1 - t) * logsigmoid(-z[i, k]))  # 1 - g(z) = g(-z)
        return total / len(y)

    descend(model, loss, steps, lr, momentum)


def classify(features, exemplars):
    """Return the class of each example: that of the nearest mean of exemplars.

    Args:
        features: of the examples, (b, d).
        exemplars: of each class the features, (m, d).
    """
    features = features / features.norm(dim=1, keepdim=True)
    means = []
    for own in exemplars:
        mean = (own / own.norm(dim=1, keepdim=True)).mean(dim=0)
        means.append(mean / mean.norm())
    return [min(range(len(means)), key=lambda k, phi=phi: float((phi - means[k]).norm())) for phi in features]
