"""Shrink and perturb: Ash & Adams 2020, arXiv:1910.08475, section 4; the noise is a fresh network, as in their code."""

from __future__ import annotations

import torch
from tests.reference.descent import cross_entropy, descend


def shrink_and_perturb(model, old, drawn, batches, shrink, noise, lr, momentum):
    """Start from shrink * theta_old + noise * theta_drawn where there is an old one, and minimise the new loss."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name in old:
                parameter.copy_(shrink * old[name] + noise * drawn[name])
    descend(model, lambda x, y: cross_entropy(model(x), y), batches, lr, momentum)
