"""Train afresh on the new data: Ash & Adams 2020, arXiv:1910.08475, the random initialisation of section 2."""

from __future__ import annotations

import torch
from tests.reference.descent import cross_entropy, descend


def scratch(model, initial, batches, lr, momentum):
    """Forget the old weights for ``initial`` ones, by name, and minimise the loss of the new data alone."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(initial[name])
    descend(model, lambda x, y: cross_entropy(model(x), y), batches, lr, momentum)
