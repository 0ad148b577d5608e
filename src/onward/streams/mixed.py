"""Arrivals as they come in practice: some old classes, some new ones, some examples from another domain."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from onward.errors import InputError
from onward.rng import generator
from onward.streams.experience import Experience, Stream, comparable, portion
from onward.streams.options import cut, require, share
from onward.streams.shifts import Shift, shift_named, shifted
from onward.streams.splits import grouped, rows_of, shuffled
from onward.types import Data, joined, present, subset


@dataclass(frozen=True)
class Mixture:
    """What an arrival is mixed from.

    Args:
        first: share of the classes that the first arrival has, in [0, 1], at least one class; the others are
            new in the later arrivals, as many in each as in the next, to within one.
        recurring: share of the classes known so far that each later arrival has again, in [0, 1], rounded up.
        shifted: share of each later arrival's examples that come from another domain, in [0, 1].
        shift: that domain, a shift or the name of one, as ``shift_named`` reads it.

    Raises:
        InputError: naming every field that is out of its range.
    """

    first: float = 0.5
    recurring: float = 0.5
    shifted: float = 0.25
    shift: Shift | str = "rotated 30"

    def __post_init__(self) -> None:
        """Refuse what is out of its range, all at once."""
        shares = {"first": self.first, "recurring": self.recurring, "shifted": self.shifted}
        rules = {f"{name} must be in [0, 1]": (value, share(value)) for name, value in shares.items()}
        named = "shift must be inverted, brightened, or rotated and its degrees, as in 'rotated 30'"
        require("mixed", {**rules, named: (self.shift, self._domain() is not None)})

    @property
    def domain(self) -> Shift:
        """Return the shift itself, whichever way it was given."""
        domain = self._domain()
        assert domain is not None  # or the mixture would not have been made
        return domain

    def _domain(self) -> Shift | None:
        """Return the shift, or None when what was given is none."""
        if isinstance(self.shift, str):
            return shift_named(self.shift)
        return self.shift if callable(self.shift) else None


@dataclass(frozen=True)
class Arrival:
    """Which classes come together: those that are new, and those that were known before."""

    new: tuple[str, ...]
    old: tuple[str, ...]

    @property
    def classes(self) -> tuple[str, ...]:
        """Return all of them."""
        return (*self.new, *self.old)


def mixed_arrivals(train: Data, test: Data, parts: int, seed: int, mixture: Mixture | None = None) -> Stream:
    """Return a stream whose arrivals, after the first, bring old classes, new ones, and shifted examples.

    The examples of a class are dealt evenly to the arrivals that have it, so the training sets are disjoint
    and cover ``train``. An arrival is tested on all the test examples of its classes, the same share of them
    shifted. Its name says what it brings.

    Args:
        train: what is split.
        test: what the arrivals are tested on.
        parts: how many arrivals, >= 1.
        seed: of the order of the classes, which of them recur, which examples come when, and which shifted.
        mixture: the shares; those of ``Mixture()`` when left out.

    Raises:
        InputError: when there are too few classes, or too few examples of one, for so many arrivals.
    """
    require("mixed", cut(parts, seed))
    mixture = mixture or Mixture()
    test = comparable(train, test)
    plan = arrivals(present(train), parts, seed, mixture)
    dealt = _dealt(train, plan, generator(seed, "mixed", "rows"))
    stream = []
    for k, (arrival, rows) in enumerate(zip(plan, dealt, strict=True)):
        called, some = f"arrival {k + 1}", mixture.shifted if k else 0.0
        draw = generator(seed, "mixed", "shifted", k)
        sets = (
            portion(train, rows, f"the training set of {called}"),
            portion(test, rows_of(test, arrival.classes), f"the test set of {called}"),
        )
        train_set, test_set = (_partly_shifted(data, some, mixture.domain, draw) for data in sets)
        stream.append(Experience(f"{called}: {_contents(arrival, some, mixture.domain)}", train_set, test_set))
    return tuple(stream)


def arrivals(names: Sequence[str], parts: int, seed: int, mixture: Mixture) -> list[Arrival]:
    """Return which of the classes ``names`` come in each arrival.

    Raises:
        InputError: when an arrival would bring no new class.
    """
    line = shuffled(names, generator(seed, "mixed", "order"))
    at_first = max(1, round(mixture.first * len(line))) if parts > 1 else len(line)
    later = len(line) - at_first
    if later < parts - 1:
        raise InputError(
            f"{len(line)} classes, {at_first} of them in the first arrival, leave {later} for the "
            f"{parts - 1} later arrivals, which need a new one each. Ask for fewer parts, or less at first"
        )
    plan = [Arrival(line[:at_first], ())]
    for k, new in enumerate(grouped(line[at_first:], parts - 1) if parts > 1 else [], start=1):
        known = line[: line.index(new[0])]
        again = shuffled(known, generator(seed, "mixed", "recurring", k))
        plan.append(Arrival(new, again[: math.ceil(mixture.recurring * len(known))]))
    return plan


def _dealt(data: Data, plan: Sequence[Arrival], generator: Generator) -> list[Tensor]:
    """Return the rows of each arrival: a class's are dealt evenly, at random, to all that have it."""
    hands: list[list[Tensor]] = [[] for _ in plan]
    for name in present(data):
        rows = rows_of(data, [name])
        takers = [k for k, arrival in enumerate(plan) if name in arrival.classes]
        if len(rows) < len(takers):
            raise InputError(
                f"class {name!r} comes in {len(takers)} arrivals but has only {len(rows)} training examples: "
                "ask for fewer parts, or a smaller share recurring"
            )
        rows = rows[torch.randperm(len(rows), generator=generator)]
        for k, hand in zip(takers, rows.tensor_split(len(takers)), strict=True):
            hands[k].append(hand)
    return [torch.cat(hand).sort().values for hand in hands]


def _partly_shifted(data: Data, some: float, shift: Shift, generator: Generator) -> Data:
    """Return ``data`` with a random share ``some`` of its examples under ``shift``, after the others."""
    moved = round(some * len(data))
    if not moved:
        return data
    plain, other = torch.randperm(len(data), generator=generator).split([len(data) - moved, moved])
    return joined(subset(data, plain.sort().values), shifted(subset(data, other.sort().values), shift))


def _contents(arrival: Arrival, some: float, shift: Shift) -> str:
    """Return what an arrival brings, in words."""
    said = [f"{len(arrival.new)} new"]
    said += [f"{len(arrival.old)} old"] if arrival.old else []
    said += [f"{some:.0%} {shift.name}"] if some else []
    return ", ".join(said)
