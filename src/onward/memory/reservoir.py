"""A uniform sample of everything seen, in bounded space."""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from onward.memory.exemplars import recalled, remembered, without
from onward.types import Data, Kept, joined, subset


def admitted(seen: int, arriving: int, size: int, generator: Generator) -> Tensor:
    """Return which arrivals enter a reservoir, and where (Vitter 1985, Algorithm R; all arrivals at once).

    Arrival ``i``, counted from all ever seen, takes place ``i`` while there is room, and then place ``j`` drawn from
    [0, i], if that is below ``size``. Of several for one place the last stays.

    Returns:
        (size,) int64: for each place the arrival that it holds now, or -1 where it holds what it held.
    """
    index = torch.arange(arriving)
    count = seen + index
    drawn = (torch.rand(arriving, generator=generator, dtype=torch.float64) * (count + 1)).long()
    place = torch.where(count < size, count, drawn)
    enters = place < size
    holder = torch.full((size,), -1, dtype=torch.int64)
    return holder.scatter_reduce(0, place[enters], index[enters], reduce="amax")


def reservoir(memory: Data | None, seen: int, new: Data, size: int, generator: Generator) -> tuple[Data | None, int]:
    """Return the memory after ``new`` has passed by, in random order, and how many have been seen.

    Every example ever seen is in it with the same probability, ``size / seen``.

    Args:
        memory: what was kept so far, under the same class names as ``new``; None when nothing was.
        seen: how many have passed by.
        new: the arrivals.
        size: the most to keep; of 0, nothing is kept.
        generator: draws the order and the places.
    """
    held = 0 if memory is None else len(memory)
    stays, enters = exchanged(held, seen, len(new), size, generator)
    if memory is None or not len(stays):
        return (subset(new, enters) if size else None), seen + len(new)
    return joined(subset(memory, stays), subset(new, enters)), seen + len(new)


def exchanged(held: int, seen: int, arriving: int, size: int, generator: Generator) -> tuple[Tensor, Tensor]:
    """Return the rows of a memory that stay in it, and those of the arrivals that enter it after them.

    Args:
        held: how many are in the memory; where these are more than ``size``, so many are drawn first.
        seen: how many have passed by.
        arriving: how many come now, in random order.
        size: the most to keep; of 0, nothing is kept.
        generator: draws the order and the places.
    """
    order = torch.randperm(arriving, generator=generator)
    if size == 0:
        return order[:0], order[:0]
    rows = torch.arange(held) if held <= size else torch.randperm(held, generator=generator)[:size]
    holder = admitted(seen, arriving, size, generator)
    return rows[holder[: len(rows)] < 0], order[holder[holder >= 0]]


def at_most(memory: Data, size: int, generator: Generator) -> Data:
    """Return a memory, or so many of its examples at random where it has more, as after a size was lowered."""
    if len(memory) <= size:
        return memory
    return subset(memory, torch.randperm(len(memory), generator=generator)[:size])


def passed_by(kept: Kept, new: Data, size: int, draws: Generator) -> Kept:
    """Return what is kept of a reservoir, ``inputs``, ``targets`` and ``seen``, after an update's data has passed by.

    Args:
        kept: before; nothing before the first update.
        new: the arrivals, under the names that the kept targets hold under.
        size: the most to keep.
        draws: for the order and the places.
    """
    memory, seen = reservoir(recalled(kept, new.classes), passed(kept), new, size, draws)
    return {**remembered(memory), "seen": torch.tensor(seen)}


def passed(kept: Kept) -> int:
    """Return how many examples have passed by."""
    return int(kept["seen"].sum()) if "seen" in kept else 0


def passed_by_without(kept: Kept, gone: Data) -> Kept:
    """Return what is kept of a reservoir, or of one a class, without some examples; fewer have then passed by."""
    rest = without(kept, gone)
    if "seen" not in kept:
        return rest
    before, after = (each.get("targets", torch.zeros(0, dtype=torch.int64)) for each in (kept, rest))
    if not kept["seen"].ndim:
        return {**rest, "seen": kept["seen"] - (len(before) - len(after))}
    fewer = [torch.bincount(each, minlength=len(kept["seen"])) for each in (before, after)]
    return {**rest, "seen": kept["seen"] - fewer[0] + fewer[1]}
