"""A memory in which every class has as many places, and who gets them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from onward.memory.exemplars import recalled, remembered
from onward.memory.herding import herded
from onward.memory.reservoir import reservoir
from onward.types import Data, Kept, in_order, joined, subset

Choose = Callable[[str, Data | None, Data, int, int], Data | None]
"""Says which examples of a class are kept: of its name, those that were kept, those that arrive, how many have passed
by before, and how many places there are."""


def shares(there: Sequence[int], size: int, names: Sequence[str]) -> list[int]:
    """Return how many of ``size`` places each class gets: as many as another, but no more than it has examples.

    What is left over goes to the classes with most examples, and among these to the last by name.

    >>> shares([30, 2, 30], 13, ["a", "b", "c"])
    [5, 2, 6]
    """
    found, left = [0] * len(there), size
    order = sorted((k for k in range(len(there)) if there[k]), key=lambda k: (there[k], names[k]))
    for place, k in enumerate(order):
        found[k] = min(there[k], left // (len(order) - place))
        left -= found[k]
    return found


def balanced(kept: Kept, new: Data, size: int, choose: Choose) -> Kept:
    """Return what is kept of a memory with as many places for each class, after an update's data has passed by.

    Args:
        kept: before, ``inputs``, ``targets`` and ``seen``, (c,) or of a plain reservoir one number; {} at first.
        new: the arrivals, under the names that the kept targets hold under.
        size: the most to keep.
        choose: who gets the places of a class.
    """
    c, memory = len(new.classes), recalled(kept, new.classes)
    held = torch.zeros(c, dtype=torch.int64) if memory is None else torch.bincount(memory.targets, minlength=c)
    arrived = torch.bincount(new.targets, minlength=c)
    seen = seen_of_each(kept, held)
    chosen: list[Data] = []
    places_of = shares((held + arrived).tolist(), size, new.classes)
    for k in sorted(range(c), key=new.classes.__getitem__):  # so that how classes are counted does not order the memory
        if places := places_of[k]:
            old = subset(memory, (memory.targets == k).nonzero()[:, 0]) if memory is not None and held[k] else None
            fresh = subset(new, (new.targets == k).nonzero()[:, 0])
            found = choose(new.classes[k], old, fresh, int(seen[k]), places)
            chosen += [found] if found is not None and len(found) else []
    return {**(remembered(joined(*chosen)) if chosen else {}), "seen": seen + arrived}


def seen_of_each(kept: Kept, held: Tensor) -> Tensor:
    """Return how many of each class have passed by, (c,) int64.

    Args:
        kept: with ``seen``: of classes that there were then; or one number, of which each class had a share as it has
            of the examples that are held.
        held: how many of each class are held, (c,).
    """
    seen = kept.get("seen", torch.zeros(0, dtype=torch.int64))
    if seen.ndim:
        return F.pad(seen, (0, len(held) - len(seen)))
    return (held * seen / held.sum().clamp(min=1)).round().long().maximum(held)


def at_random(draws: Callable[[str], Generator]) -> Choose:
    """Let the examples of a class pass by a reservoir of its own: each that ever came is in it equally likely.

    Args:
        draws: gives the stream of a class by its name.
    """

    def choose(name: str, old: Data | None, fresh: Data, seen: int, places: int) -> Data | None:
        return reservoir(old, seen, fresh, places, draws(name))[0]

    return choose


def by_herding(features: Callable[[Tensor], Tensor]) -> Choose:
    """Keep of a class the examples, in order, of which the first few have a mean near that of all that came.

    Those that were kept stand for all that have passed by. Where none arrives, the first of them stay.

    Args:
        features: makes them, (b, d), of inputs.
    """

    def choose(name: str, old: Data | None, fresh: Data, seen: int, places: int) -> Data | None:
        if not len(fresh):
            return None if old is None else subset(old, torch.arange(min(places, len(old))))
        pool = fresh if old is None else joined(old, fresh)
        found = torch.cat([F.normalize(features(batch.inputs)) for batch in in_order(pool)])
        weights = torch.ones(len(pool), dtype=found.dtype, device=found.device)
        if old is not None:
            weights[: len(old)] = seen / len(old)
        mean = F.normalize((weights @ found)[None])[0]
        return subset(pool, herded(found, mean, places).cpu())

    return choose
