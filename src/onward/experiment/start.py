"""Versions that several runs go on from: trained once, kept, and loaded by each."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from onward.catalogue import parsed
from onward.engine.update import update
from onward.errors import StoreError
from onward.experiment.plan import Cell
from onward.learner import Learner
from onward.record import Record
from onward.settings import stated
from onward.store.card import Card
from onward.store.lineage import Lineage
from onward.streams.experience import Experience

HEAD = "start"
"""What names the version in its lineage."""


def started(cell: Cell, learner: Learner, first: Experience, seed: int) -> tuple[Learner, Record]:
    """Return the learner that a cell goes on from, under its own method, and what the first experience took.

    A start that another cell has made already is loaded. Two processes that make the same at once make the same bits.

    Args:
        cell: one whose contender has a start.
        learner: without classes.
        first: the first experience.
        seed: of the update with it.

    Raises:
        InputError: when the experience does not fit the model or the start's method.
        DivergedError: when training is no longer finite.
    """
    start = cell.contender.start
    if start is None:
        raise ValueError(f"{cell.contender.label} has no start")
    method = learner.method
    found = None if cell.starts is None else loaded(cell.starts / cell.start_key)
    if found is None:
        found = update(learner, first.train, start.settings, seed, method=parsed(start.method))
        if cell.starts is not None:
            save(cell.starts / cell.start_key, *found, Card({}, start.method, stated(start.settings), seed))
    return replace(found[0], method=method), found[1]


def loaded(folder: Path) -> tuple[Learner, Record] | None:
    """Return the version of a start's lineage and its record; None where it is not there whole."""
    try:
        lineage = Lineage(folder)
        if HEAD not in lineage.heads.names():
            return None
        learner, record = lineage.load(HEAD), lineage.version(HEAD).card.record
    except StoreError:
        return None
    return None if record is None else (learner, record)


def save(folder: Path, learner: Learner, record: Record, card: Card) -> None:
    """Keep a start as the head of a lineage of its own."""
    lineage = Lineage.create(folder)
    version = lineage.save(learner, replace(card, record=record))
    lineage.promote(version.id, HEAD)
