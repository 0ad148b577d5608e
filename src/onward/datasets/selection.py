"""What narrows a source: ``classes=0,1,2``, ``rows=0:5000``, ``shuffle=SEED``."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from onward.errors import InputError, unknown
from onward.rng import generator
from onward.types import Data


@dataclass(frozen=True)
class Classes:
    """Only examples of these classes. wanted: names, or ids where no class has the number for a name."""

    wanted: tuple[str, ...]

    @classmethod
    def parse(cls, value: str) -> Classes:
        """Return the selection that ``value``, names with commas between them, stands for."""
        wanted = tuple(name.strip() for name in value.split(","))
        if not all(wanted):
            raise InputError(f"classes must be names or ids with commas between them, got {value!r}")
        return cls(wanted)

    def __str__(self) -> str:
        """Return the text that :meth:`parse` reads."""
        return f"classes={','.join(self.wanted)}"

    def chosen(self, rows: Tensor, data: Data) -> Tensor:
        """Return those of ``rows``, (m,) int64, whose target is wanted.

        Raises:
            InputError: naming every class that does not exist, with the nearest that do.
        """
        ids = [_class_id(name, data.classes) for name in self.wanted]
        missing = [name for name, k in zip(self.wanted, ids, strict=True) if k is None]
        if missing:
            raise InputError("; ".join(str(unknown("class", name, data.classes)) for name in missing))
        return rows[torch.isin(data.targets[rows], torch.tensor(ids))]


@dataclass(frozen=True)
class Rows:
    """A slice, as Python counts: of the examples in the order they have so far."""

    start: int | None
    stop: int | None
    step: int | None = None

    @classmethod
    def parse(cls, value: str) -> Rows:
        """Return the selection that ``value``, START:STOP or START:STOP:STEP, stands for."""
        form = re.fullmatch(r"\s*(-?\d*)\s*:\s*(-?\d*)\s*(?::\s*(-?\d*)\s*)?", value)
        try:
            parts = [int(text) if text else None for text in form.groups()] if form else []
        except ValueError:
            parts = []
        if not parts or parts[2] == 0:
            raise InputError(f"rows must be START:STOP or START:STOP:STEP, such as 0:5000, got {value!r}")
        return cls(*parts)

    def __str__(self) -> str:
        """Return the text that :meth:`parse` reads."""
        start, stop, step = ("" if part is None else str(part) for part in (self.start, self.stop, self.step))
        return f"rows={start}:{stop}" + (f":{step}" if step else "")

    def chosen(self, rows: Tensor, data: Data) -> Tensor:
        """Return the slice of ``rows``, (m,) int64."""
        places = np.arange(len(rows))[self.start : self.stop : self.step]
        return rows[torch.from_numpy(places.copy())]


@dataclass(frozen=True)
class Shuffle:
    """All examples, in an order drawn by ``seed``."""

    seed: int

    @classmethod
    def parse(cls, value: str) -> Shuffle:
        """Return the selection that ``value``, a whole number, stands for."""
        try:
            return cls(int(value))
        except ValueError as error:
            raise InputError(f"shuffle must be a seed, a whole number, got {value!r}") from error

    def __str__(self) -> str:
        """Return the text that :meth:`parse` reads."""
        return f"shuffle={self.seed}"

    def chosen(self, rows: Tensor, data: Data) -> Tensor:
        """Return ``rows``, (m,) int64, in another order."""
        return rows[torch.randperm(len(rows), generator=generator(self.seed, "source", "shuffle"))]


Selection = Classes | Rows | Shuffle

SELECTIONS: dict[str, type[Selection]] = {"classes": Classes, "rows": Rows, "shuffle": Shuffle}


def parse(text: str) -> Selection:
    """Return the selection that ``text``, KIND=VALUE, stands for.

    Raises:
        InputError: when there is no such kind, or the value is not one of its.
    """
    kind, _, value = text.partition("=")
    if kind.strip() not in SELECTIONS:
        raise unknown("selection", kind.strip(), SELECTIONS)
    return SELECTIONS[kind.strip()].parse(value)


def _class_id(name: str, classes: tuple[str, ...]) -> int | None:
    if name in classes:
        return classes.index(name)
    by_number = name.isdecimal() and len(name) < 10 and int(name) < len(classes)
    return int(name) if by_number else None
