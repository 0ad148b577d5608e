"""A journal in memory of an update that is cut off again and again."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from onward.engine.update import update
from onward.journal import Entry
from onward.learner import Learner
from onward.record import Cost, Record
from onward.settings import Settings
from onward.types import Data


class Cut(Exception):
    """The end of a process."""


class Pages:
    """Entries are due at every ``every``-th asking; the process ends right after it has written so many."""

    spent = 0.0
    listening = False
    stopping = False

    def __init__(self, every: int, lives: int | None) -> None:
        self.every, self.lives = every, lives
        self.entries: dict[str, Entry] = {}
        self.asked = self.written = 0

    @property
    def due(self) -> bool:
        self.asked += 1
        return self.asked % self.every == 0

    def write(self, name: str, entry: Entry) -> None:
        tensors = {key: tensor.detach().cpu().clone().contiguous() for key, tensor in entry.tensors.items()}
        self.entries[name] = Entry(copy.deepcopy(dict(entry.facts)), tensors)
        self.written += 1
        if self.written == self.lives:
            raise Cut

    def facts(self, name: str) -> Mapping[str, Any] | None:
        return self.entries[name].facts if name in self.entries else None

    def read(self, name: str) -> Entry | None:
        return self.entries.get(name)

    def opened_anew(self) -> None:
        """Another process takes it up."""
        self.asked = self.written = 0


def in_pieces(
    learner: Learner, data: Data, settings: Settings, seed: int, every: int, lives: int
) -> tuple[Learner, Record, int]:
    """Update in as many processes as it takes, each of which ends after so many entries; return how many it took."""
    pages, count = Pages(every, lives), 0
    while True:
        count += 1
        pages.opened_anew()
        try:
            child, record = update(learner, data, settings, seed, journal=pages)
        except Cut:
            continue
        return child, record, count


def untimed(record: Record) -> Record:
    """A record without what differs between two runs of the same: times and memory."""
    cost: Cost = replace(record.cost, seconds=0.0, peak_memory=0, joules=None)
    return Record(tuple(replace(phase, seconds=0.0) for phase in record.phases), cost)
