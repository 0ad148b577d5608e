"""As many examples of each class on both sides, so that other shares of the classes are no difference."""

from __future__ import annotations

import torch
from torch import Generator, Tensor


def drawn(ids: Tensor, wanted: Tensor, draws: Generator) -> Tensor:
    """Return rows drawn at random, ``wanted[k]`` of each class k or all there are: class by class, in random order.

    Args:
        ids: classes, (n,); -1 is never drawn.
        wanted: (c,).
        draws: from which.
    """
    order = torch.randperm(len(ids), generator=draws)
    order = order[ids[order] >= 0]
    order = order[ids[order].sort(stable=True).indices]
    counts = counts_of(ids, len(wanted))
    place = torch.arange(len(order)) - (counts.cumsum(0) - counts)[ids[order]]
    return order[place < wanted[ids[order]]]


def counts_of(ids: Tensor, classes: int) -> Tensor:
    """Return how many there are of each class, (c,)."""
    return torch.bincount(ids[ids >= 0], minlength=classes)


def shared(first: Tensor, second: Tensor, classes: int) -> Tensor:
    """Return how many examples of each class both sides have, (c,)."""
    return torch.minimum(counts_of(first, classes), counts_of(second, classes))


def at_most(wanted: Tensor, most: int) -> Tensor:
    """Return counts, (c,), cut in proportion so that they come to no more than ``most``."""
    total = int(wanted.sum())
    return wanted if total <= most else wanted * most // total
