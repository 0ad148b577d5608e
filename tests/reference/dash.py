"""Direction-aware shrinking: Shin et al. 2024, arXiv:2410.23495, for linear layers, one vector at a time."""

from __future__ import annotations

import torch
from tests.reference.descent import cross_entropy, descend


def dash(model, old_names, portions, batches, least, alpha, lr, momentum):
    """Shrink by the running mean of the gradients on the portions, and minimise the loss of the batches."""
    shrink(model, old_names, portions, least, alpha)
    descend(model, lambda x, y: cross_entropy(model(x), y), batches, lr, momentum)


def shrink(model, old_names, portions, least, alpha):
    """G <- (1 - alpha) G + alpha (-g) over the portions, then w <- max(cos(w, G), least) w for each row and bias."""
    names = [name for name, _ in model.named_parameters()]
    running = {name: torch.zeros_like(parameter) for name, parameter in model.named_parameters()}
    for x, y in portions:
        gradients = torch.autograd.grad(cross_entropy(model(x), y), list(model.parameters()))
        for name, gradient in zip(names, gradients, strict=True):
            running[name] = (1 - alpha) * running[name] - alpha * gradient
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name in old_names:
                rows = (
                    zip(parameter, running[name], strict=True) if parameter.ndim == 2 else [(parameter, running[name])]
                )
                for w, g in rows:
                    w.mul_(max(cosine(w, g), least))


def cosine(one, other):
    """<a, b> / (|a| |b|), and 0 where one of them has no direction."""
    lengths = float(one.norm() * other.norm())
    return float((one * other).sum()) / lengths if lengths else 0.0
