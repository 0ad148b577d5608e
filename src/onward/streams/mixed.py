"""Arrivals as they come in practice: some old classes, some new ones, some examples from another domain."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from onward.errors import InputError
from onward.rng import generator
from onward.streams.experience import Experience, Stream, comparable, portion
from onward.streams.options import cut, require, share
from onward.streams.shifts import Rotation, Shift, shifted
from onward.streams.splits import grouped, rows_of, shuffled
from onward.types import Data, joined, present, subset


@dataclass(frozen=True)
class Mixture:
    """What an arrival is mixed from.

    Args:
        first: share of the classes that the first arrival has, in [0, 1], at least one class; the others are new
            in the later arrivals, as many in each as in the next, to within one.
        recurring: share of the classes known so far that each later arrival has again, in [0, 1], rounded up.
        shifted: share of each later arrival's examples that come from another domain, in [0, 1].
        shift: that domain.

    Raises:
        InputError: naming every share that is out of its range.
    """

    first: float = 0.5
    recurring: float = 0.5
    shifted: float = 0.25
    shift: Shift = Rotation(30.0)

    def __post_init__(self) -> None:
        """Refuse shares outside [0, 1], all of them at once."""
        shares = {"first": self.first, "recurring": self.recurring, "shifted": self.shifted}
        require("mixed", {f"{name} must be in [0, 1]": (value, share(value)) for name, value in shares.items()})


@dataclass(frozen=True)
class Arrival:
    """Which classes come at once: those that are new, and those that were known before."""

    new: tuple[str, ...]
    old: tuple[str, ...]


def mixed_arrivals(train: Data, test: Data, parts: int, seed: int, mixture: Mixture | None = None) -> Stream:
    """Return a stream in which every arrival after the first brings old classes, new ones, and shifted examples.

    The examples of a class are dealt evenly to the arrivals that have it, so the training sets are disjoint and
    cover ``train``. An arrival is tested on all of the test examples of its classes, the same share of them
    shifted. Its name says what it brings.

    Args:
        train: what is split.
        test: what the arrivals are tested on.
        parts: how many arrivals, >= 1.
        seed: of the order of the classes, of which of them recur, and of which examples come when and shifted.
        mixture: the shares; those of ``Mixture()`` when left out.

    Raises:
        InputError: when there are too few classes, or too few examples of one, for so many arrivals.
    """
    require("mixed", cut(parts, seed))
    mixture = mixture or Mixture()
    test = comparable(train, test)
    arrivals = _arrivals(present(train), parts, seed, mixture)
    rows = _dealt(train, arrivals, generator(seed, "mixed", "rows"))
    return tuple(
        _experience(f"arrival {k + 1}", arrival, (train, test), rows[k], mixture, generator(seed, "mixed", "shifted", k))
        for k, arrival in enumerate(arrivals)
    )
