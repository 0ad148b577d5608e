"""As many examples of each class: drawn by the names of the classes, or those of the lowest score."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Generator, Tensor

from onward.types import Data, View, present, subset


def some_of_each(data: Data, each: int, draw: Callable[[str], Generator]) -> Data:
    """Return examples of every class that is there, in the order of the data.

    Args:
        data: from which to draw.
        each: of a class, at most; >= 1.
        draw: gives the stream of a class by its name, so that how classes are counted moves no draw.
    """
    return subset(data, rows_of_each(data, each, draw))


def rows_of_each(data: Data, each: int, draw: Callable[[str], Generator], share: float = 1.0) -> Tensor:
    """Return the rows of examples of every class that is there, drawn, in the order of the data.

    Args:
        data: from which to draw.
        each: of a class, at most; >= 1.
        draw: gives the stream of a class by its name, so that how classes are counted moves no draw.
        share: of what there is of a class, at most.
    """
    taken = []
    for name in present(data):
        rows = (data.targets == data.classes.index(name)).nonzero()[:, 0]
        most = min(each, int(share * len(rows)))
        taken.append(rows[torch.randperm(len(rows), generator=draw(name))[:most]])
    return torch.cat(taken).sort().values


def lowest_of_each(data: Data, each: int, score: Callable[[Data], Tensor]) -> Tensor:
    """Return the rows of the examples with the lowest scores of every class that is there, in the order of the data.

    Of two with one score the earlier is taken.

    Args:
        data: from which to take.
        each: of a class, at most; >= 1.
        score: gives those of the examples of one class, (m,); asked once a class, so that one class at a time is held.
    """
    taken = []
    for name in present(data):
        rows = (data.targets == data.classes.index(name)).nonzero()[:, 0]
        scores = score(View(data, rows, data.targets[rows], data.classes))
        taken.append(rows[scores.cpu().argsort(stable=True)[:each]])
    return torch.cat(taken).sort().values
