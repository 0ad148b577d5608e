"""CKCA as reconstructed in ``methods/ckca.py``: the new loss and two weighed terms, one example at a time; the average.

No published code or equation stands behind it; it is the docstring, written out.
"""

from __future__ import annotations

import torch
from tests.reference.descent import cross_entropy, descend
from tests.reference.feature_distillation import cosine
from tests.reference.lwf import softened


def ckca(model, old, steps, method, lr, momentum):
    """Train on the new data, hold features and answers to the parent's where it is to be trusted, and average.

    Args:
        model: the new model; its first columns are the old classes.
        old: what the parent says of all new examples, recorded before training: features (n, d), logits (n, c); and
            its parameters by name.
        steps: for each step (x, y) and the rows of the new data that they are.
        method: strength of the features, of the answers, temperature, the name of the trust, the parent's share.
        lr: learning rate.
        momentum: of the descent.
    """
    phi, strength, temperature, trust, share = method
    features, logits, parameters = old

    def loss(x, y, rows):
        said, seen = model(x), model.features(x)
        recorded, total = softened(logits[rows], temperature), cross_entropy(said, y)
        answers = softened(said[:, : logits.shape[1]], temperature)
        for i, row in enumerate(rows.tolist()):
            w = TRUSTS[trust](logits[row].tolist(), int(y[i]))
            divergence = sum(t * (t.log() - a.log()) for t, a in zip(recorded[i], answers[i], strict=True))
            held = phi * cosine(seen[i], features[row]) + strength * temperature**2 * divergence
            total = total + w * held / len(rows)
        return total

    descend(model, loss, [(x, y, rows) for (x, y), rows in steps], lr, momentum)
    with torch.no_grad():
        for name, before in parameters.items():
            parameter = model.get_parameter(name)
            parameter.copy_((1 - share) * parameter + share * before)


def true_class(t, y):
    """p(y), and 0 of a class that the parent has not."""
    return exps(t)[y] / sum(exps(t)) if y < len(t) else 0.0


def relative(t, y):
    """p(y) / max p."""
    return exps(t)[y] / max(exps(t)) if y < len(t) else 0.0


def right(t, y):
    """Whether y is the likeliest."""
    return float(y < len(t) and t[y] == max(t))


def confident(t, y):
    """p(y) where y is the likeliest."""
    return right(t, y) * true_class(t, y)


def margin(t, y):
    """The sigmoid of the logit of y less that of the next."""
    if y >= len(t):
        return 0.0
    apart = t[y] - max(other for k, other in enumerate(t) if k != y)
    return exps([apart])[0] / (1 + exps([apart])[0])


def exps(values):
    """The exponentials of some numbers."""
    return torch.tensor(values, dtype=torch.float64).exp().tolist()


TRUSTS = {
    "constant": lambda t, y: 1.0,
    "true_class": true_class,
    "relative": relative,
    "right": right,
    "confident": confident,
    "margin": margin,
}


def class_accuracy(examples):
    """Of the examples of y, the share on which the parent is right; 0 of a class that it has not."""

    def share(t, y, of):
        same = [right(logits, place) for logits, place, each in examples if each == of]
        return sum(same) / len(same) if y < len(t) else 0.0

    return share


def calibrated(examples):
    """p(y) at the temperature at which the examples' log-likelihood is largest, on a fine grid."""
    grid = [20 ** (k / 4000) for k in range(-4000, 4001)]
    rows = torch.tensor([logits for logits, _, _ in examples], dtype=torch.float64)
    places = torch.tensor([place for _, place, _ in examples])
    losses = [torch.nn.functional.cross_entropy(rows / heat, places).item() for heat in grid]
    best = grid[losses.index(min(losses))]
    return lambda t, y, of: true_class([z / best for z in t], y)


FITTED = {"class_accuracy": class_accuracy, "calibrated": calibrated}
