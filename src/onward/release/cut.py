"""Updates that were cut off: where each has its journal, and what it was asked to do."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

from onward.catalogue import parsed, written
from onward.errors import InputError, StoreError, listed
from onward.release.arrival import Arrival, Ready
from onward.schema import checked
from onward.settings import Settings, stated
from onward.store import files
from onward.store.card import software
from onward.store.journal import JOURNALS, DiskJournal, remove_nameless, told_of
from onward.store.lineage import Lineage
from onward.store.version import Version

ARRIVAL = "arrival.json"
"""The file in a journal's folder that holds what the update was asked to do."""


@dataclass(frozen=True)
class Cut:
    """An update that runs, or was cut off.

    Args:
        folder: of its journal.
        of: what tells it from every other; see ``identity``.
        arrival: what it was asked to do.
        promote_to: the head that was to name its version.
    """

    folder: Path
    of: Mapping[str, Any]
    arrival: Arrival
    promote_to: str | None

    @property
    def told(self) -> str:
        """What it is, in a line."""
        return f"{self.arrival.source} by {self.of['method']}, seed {self.of['seed']}"


def identity(going: Ready) -> dict[str, Any]:
    """Return what decides every bit of an update, as JSON has it: parent, method, settings, seed, data, software."""
    return {
        "parent": going.parent.id,
        "method": written(going.method),
        "settings": json.loads(json.dumps(stated(going.arrival.settings))),
        "seed": going.arrival.seed,
        "data": going.facts.fingerprint,
        "software": software(going.before.model.spec()),
    }


@contextmanager
def journal_of(going: Ready, promote_to: str | None, every: float) -> Generator[DiskJournal]:
    """Hold the journal of an update: the one that is there, or a new one. Those that are over are cleared away.

    Args:
        going: what is to be done.
        promote_to: the head that is to name the version.
        every: seconds between two entries.

    Raises:
        StoreError: when it cannot be made, or another process is at it.
    """
    clear_done(going.lineage)
    try:
        with DiskJournal(folder_of(going), identity(going), every) as journal:
            with files.writing_to(journal.folder):
                words = json.dumps(in_words(going.arrival, promote_to), indent=1)
                files.replace(journal.folder / ARRIVAL, words.encode())
            yield journal
    finally:
        with suppress(OSError):  # others are there
            (going.lineage.path / JOURNALS).rmdir()


def clear_done(lineage: Lineage) -> None:
    """Remove the journals of updates that have made their version and moved their head, and were cut off then.

    With them goes what says of no update that it is its journal.
    """
    for folder in sorted((lineage.path / JOURNALS).glob("[!.]*/")):
        with suppress(StoreError):
            if (of := told_of(folder)) is None:
                remove_nameless(folder)
            elif (made := made_by(lineage, of)) is not None:
                with DiskJournal(folder, of) as journal:
                    journal.over = any(made.id in lineage.heads.moves(head) for head in lineage.heads.names())


def given_up(going: Ready) -> None:
    """Remove what there is of an update.

    Raises:
        StoreError: when it runs now, or cannot be removed.
    """
    with DiskJournal(folder_of(going), identity(going)) as journal:
        journal.over = True


def folder_of(going: Ready) -> Path:
    """Return where an update has its journal, should it have one."""
    key = hashlib.sha256(json.dumps(identity(going), sort_keys=True).encode()).hexdigest()[:16]
    return going.lineage.path / JOURNALS / key


def was_cut(going: Ready) -> bool:
    """Say whether this very update was begun already."""
    return told_of(folder_of(going)) is not None


def cut_after(lineage: Lineage, parent: Version) -> Cut:
    """Return the one update of a version that was cut off.

    Raises:
        InputError: when there is none, or several.
        StoreError: when it is damaged.
    """
    found = [cut for cut in cuts(lineage) if cut.of.get("parent") == parent.id]
    if not found:
        raise InputError(f"no update of version {parent.short} was cut off; bring its --data to make one")
    if len(found) > 1:
        raise InputError(
            f"{len(found)} updates of version {parent.short} were cut off: {listed(cut.told for cut in found)}. Say "
            "which by the options that it was begun with"
        )
    return found[0]


def cuts(lineage: Lineage) -> Iterator[Cut]:
    """Yield every update of which a journal is there.

    Raises:
        StoreError: when one is damaged.
    """
    for folder in sorted((lineage.path / JOURNALS).glob("[!.]*/")):
        of = told_of(folder)
        if of is not None and (folder / ARRIVAL).exists():
            yield Cut(folder, of, *asked(folder / ARRIVAL))


@dataclass(frozen=True)
class Asked:
    """What an update was asked to do, in numbers and words: the fields of ``Arrival``, and the head."""

    source: str
    tests: tuple[str, ...]
    method: str | None
    settings: Settings
    seed: int
    data_dir: str | None
    note: str
    care: dict[str, str]
    workers: int
    exemplar_free: bool
    new_classes: bool
    promote_to: str | None

    __pydantic_config__: ClassVar = {"extra": "forbid"}


def asked(file: Path) -> tuple[Arrival, str | None]:
    """Return what an update was asked to do, and the head that was to name its version.

    Raises:
        StoreError: when the file is damaged.
    """
    raw = files.read(file, "what an update was asked to do")
    try:
        told = checked(Asked, dict(json.loads(raw)), str(file))
        method = None if told.method is None else parsed(told.method)
    except (ValueError, TypeError, RecursionError) as error:
        raise StoreError(f"{file} is damaged ({error}). Remove {file.parent} to start anew.") from error
    arrival = Arrival(
        source=told.source,
        tests=told.tests,
        method=method,
        settings=told.settings,
        seed=told.seed,
        data_dir=None if told.data_dir is None else Path(told.data_dir),
        note=told.note,
        care=told.care,
        workers=told.workers,
        exemplar_free=told.exemplar_free,
        new_classes=told.new_classes,
    )
    return arrival, told.promote_to


def in_words(arrival: Arrival, promote_to: str | None) -> dict[str, Any]:
    """Return what an update is asked to do as JSON has it; see ``asked``."""
    return {
        **vars(arrival),
        "settings": asdict(arrival.settings),
        "method": None if arrival.method is None else written(arrival.method),
        "data_dir": None if arrival.data_dir is None else str(arrival.data_dir),
        "care": dict(arrival.care),
        "promote_to": promote_to,
    }


def made_by(lineage: Lineage, of: Mapping[str, Any]) -> Version | None:
    """Return the version that an update has made, where only what comes after was cut off; else None.

    Args:
        lineage: where it would be.
        of: what tells the update from every other; see ``identity``.
    """
    for id in lineage.ids():
        try:
            version = lineage.read(id)
        except StoreError:
            continue
        card = version.card
        told = {"parent": card.parent, "method": card.method, "settings": card.settings, "seed": card.seed}
        if card.data is not None and {**of, **told, "data": card.data.fingerprint} == of:
            return version
    return None
