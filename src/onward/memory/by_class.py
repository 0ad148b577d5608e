"""As many examples of each class, drawn by the names of the classes."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Generator

from onward.types import Data, present, subset


def some_of_each(data: Data, each: int, draw: Callable[[str], Generator]) -> Data:
    """Return examples of every class that is there, in the order of the data.

    Args:
        data: from which to draw.
        each: of a class, at most; >= 1.
        draw: gives the stream of a class by its name, so that how classes are counted moves no draw.
    """
    taken = []
    for name in present(data):
        rows = (data.targets == data.classes.index(name)).nonzero()[:, 0]
        taken.append(rows[torch.randperm(len(rows), generator=draw(name))[:each]])
    return subset(data, torch.cat(taken).sort().values)
