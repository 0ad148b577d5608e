"""What of a lineage nothing needs, and its removal: killed at any instant, it leaves what is needed whole."""

from __future__ import annotations

import shutil
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Literal

from onward.errors import StoreError, counted, hold
from onward.store import files
from onward.store.journal import JOURNALS
from onward.store.lineage import Lineage
from onward.store.version import KEPT, MODEL, STRIPPED

DAY = 24 * 60 * 60.0
"""Seconds."""

Kind = Literal["version", "tensors", "journal", "left over"]


@dataclass(frozen=True)
class Wanted:
    """What is to be kept, though no head needs it.

    Args:
        days: nothing that came so lately is touched but what dead processes left, >= 0.
        keep: of each head, the version in use and those before it, so many in all, stay whole, and so do those that it
            named last, to which it may go back; of earlier ones the tensors may go. None lets all of them stay, >= 1.

    Raises:
        InputError: naming what is out of its range.
    """

    days: int = 14
    keep: int | None = None

    def __post_init__(self) -> None:
        """Refuse values outside their ranges."""
        rules = {"days must be >= 0": self.days >= 0, "keep must be >= 1": self.keep is None or self.keep >= 1}
        hold(rules, vars(self))

    def spares(self, path: Path) -> bool:
        """Say whether something came too lately to be touched."""
        return time.time() - path.stat().st_mtime < self.days * DAY


@dataclass(frozen=True)
class Garbage:
    """Something that may be removed.

    Args:
        path: where it is.
        kind: a whole ``version``; the ``tensors`` of one whose card stays; the ``journal`` of an update that was cut
            off; or what a dead process ``left over``.
        why: it is not needed.
        bytes: that its removal frees.
    """

    path: Path
    kind: Kind
    why: str
    bytes: int


def collect(lineage: Lineage, wanted: Wanted | None = None, remove: bool = False) -> tuple[Garbage, ...]:
    """Return what of a lineage nothing needs, in the order in which it can be removed.

    The lineage is held alone: no version is being made meanwhile, so what looks unfinished was left by a process that
    is dead, and no head moves.

    Args:
        lineage: which.
        wanted: what is to be kept; None is the usual.
        remove: remove it too.

    Raises:
        StoreError: when a version is being made just now, or the lineage is damaged: what cannot be read may need what
            would be removed. Nothing is removed then.
    """
    with files.held(lineage.path, wait=False), files.locked(lineage.heads.folder):
        found = tuple(each for find in FINDERS for each in find(lineage, wanted or Wanted()))
        with files.writing_to(lineage.path):
            for each in found if remove else ():
                discard(each)
    return found


def left_over(lineage: Lineage, wanted: Wanted) -> Iterator[Garbage]:
    """Yield what dead processes left: versions and files half written or half removed."""
    places = (lineage.versions, lineage.path / JOURNALS)
    folders = (path for place in places for start in (".new-*", ".gone-*") for path in sorted(place.glob(start)))
    half = (path for folder in (lineage.path, lineage.heads.folder) for path in sorted(folder.glob(".*.tmp")))
    for path in (*folders, *half):
        yield Garbage(path, "left over", "it was left by a process that died", bytes_of([path]))
    for id in lineage.ids():
        folder = lineage.versions / id
        rest = [file for file in tensors_of(folder) if (folder / STRIPPED).exists()]
        if rest:
            yield Garbage(folder, "tensors", "their removal was broken off", bytes_of(rest))


def unreachable(lineage: Lineage, wanted: Wanted) -> Iterator[Garbage]:
    """Yield the versions that no head names or has named, and no such version comes from; children come first."""
    ids = lineage.ids()
    lately = [id for id in ids if wanted.spares(lineage.versions / id)]
    gone = set(ids) - set(sources(lineage, [*named(lineage), *lately]))
    order = [
        *TopologicalSorter({id: gone.intersection(sources_or_none(lineage, id)) for id in sorted(gone)}).static_order()
    ]
    for id in reversed(order):
        why, path = "no head names it or has named it, and nothing in use comes of it", lineage.versions / id
        yield Garbage(path, "version", why, bytes_of([path]))


def far_back(lineage: Lineage, wanted: Wanted) -> Iterator[Garbage]:
    """Yield the tensors of versions that lie further back than each head is to go."""
    if wanted.keep is None:
        return
    kept: set[str] = set()
    for head in lineage.heads.names():
        moves = lineage.heads.moves(head)
        kept.update(moves[-wanted.keep :], sources(lineage, moves[-1:], wanted.keep))
    for id in sources(lineage, named(lineage)):
        path = lineage.versions / id
        if id not in kept and not wanted.spares(path) and not (path / STRIPPED).exists():
            why = f"no head needs it within {counted(wanted.keep, 'version')}"
            yield Garbage(path, "tensors", why, bytes_of(tensors_of(path)))


def cut_off(lineage: Lineage, wanted: Wanted) -> Iterator[Garbage]:
    """Yield the journals of updates that were cut off and have not gone on since; one that is held is of a live one."""
    for folder in sorted((lineage.path / JOURNALS).glob("[!.]*/")):
        try:
            with files.held(folder, wait=False):
                late = any(wanted.spares(path) for path in (folder, *folder.iterdir()) if path.name != ".lock")
        except StoreError:
            continue
        if not late:
            yield Garbage(folder, "journal", "its update was cut off and has not gone on", bytes_of([folder]))


FINDERS: tuple[Callable[[Lineage, Wanted], Iterable[Garbage]], ...] = (
    left_over,
    cut_off,
    unreachable,
    far_back,
)
"""What looks for garbage, each for one kind."""


def named(lineage: Lineage) -> list[str]:
    """Return every id that a head names or has named."""
    return [id for head in lineage.heads.names() for id in lineage.heads.moves(head)]


def sources(lineage: Lineage, ids: Iterable[str], most: int | None = None) -> dict[str, None]:
    """Return versions and all that they came from, once each; at most so many one after the other.

    Raises:
        StoreError: when one of them is gone or its card cannot be read.
    """
    found: dict[str, None] = {}
    line, done = dict.fromkeys(ids), 0
    while line and done != most:
        found |= line
        every = (source for id in line for source in lineage.read(id).card.sources)
        line, done = dict.fromkeys(source for source in every if source not in found), done + 1
    return found


def sources_or_none(lineage: Lineage, id: str) -> tuple[str, ...]:
    """Return what a version came from; nothing where its card cannot be read."""
    try:
        return lineage.read(id).card.sources
    except StoreError:
        return ()


def tensors_of(folder: Path) -> list[Path]:
    """Return the files of tensors in a version's folder that are there."""
    return [folder / name for name in (MODEL, KEPT) if (folder / name).exists()]


def bytes_of(paths: Iterable[Path]) -> int:
    """Return the bytes of files and of all that lies in folders."""
    every = (file for path in paths for file in (path.rglob("*") if path.is_dir() else [path]))
    return sum(file.lstat().st_size for file in every if not file.is_dir())


def discard(garbage: Garbage) -> None:
    """Remove something: a version at once, as it came, then its files; of one that is stripped, the mark first."""
    path = garbage.path
    if garbage.kind == "tensors":
        (path / STRIPPED).touch()
        files.settle(path)
        for file in tensors_of(path):
            file.unlink()
    elif path.is_dir():
        hidden = path if path.name.startswith(".") else path.rename(path.with_name(f".gone-{uuid.uuid4().hex}"))
        files.settle(path.parent)
        shutil.rmtree(hidden)
    else:
        path.unlink()
