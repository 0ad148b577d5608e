"""The journal of an update, in a folder beside the versions; see ``onward.journal``."""

from __future__ import annotations

import hashlib
import json
import math
import shutil
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from onward.errors import StoreError
from onward.journal import Entry
from onward.store import files
from onward.store.tensors import as_bytes, read_tensors

SCHEMA = 1
"""The newest form of a journal that this code writes and reads."""

JOURNALS = "journals"
"""The folder in a lineage's that holds a folder for each update that runs or was cut off."""

OF = "update.json"
"""The file that says of which update a journal is."""

SHARE = 50
"""Of how many seconds at most one goes into writing entries: 2 %."""


class DiskJournal:
    """A folder with a file for each entry, each of them whole or not at all. To be used in a ``with``.

    Args:
        folder: made where it is not there.
        of: what tells the update from every other, as JSON has it.
        every: seconds between two entries; more where that would be over a 50th of the time.

    Attributes:
        found: whether it was there already.
        over: whether what it is of is done, or given up: the folder goes when it is left. Set by who uses it.

    Raises:
        StoreError: when the folder holds the journal of another update, or of another form; or, on entering, when a
            process is at it.
    """

    def __init__(self, folder: str | Path, of: Mapping[str, Any], every: float = 30.0) -> None:
        """Take what is there."""
        self.folder, self.every = Path(folder), every
        self.of = json.loads(json.dumps(dict(of), allow_nan=False))
        self.listening = self.stopping = False
        self.found = self.over = False
        self._lock = ExitStack()
        self._opened = self._last = time.perf_counter()
        self._pause, self.spent = every, 0.0

    def __enter__(self) -> DiskJournal:
        """Hold the folder, and look at what it is of."""
        with files.writing_to(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        self._lock.enter_context(files.held(self.folder, wait=False))
        try:
            self._take()
        except BaseException:
            self._lock.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Let the folder go; remove it where it is over, or new and nothing was written."""
        if self.over or not (self.found or self.names()):
            self._remove()
        self._lock.close()

    def _take(self) -> None:
        there = told_of(self.folder)
        self.found = there is not None
        if there is None:  # what is left of one that was being removed counts no more
            for left in self.folder.glob("*.safetensors"):
                left.unlink()
            content = json.dumps({"schema": SCHEMA, "of": self.of}, indent=1, sort_keys=True) + "\n"
            with files.writing_to(self.folder):
                files.replace(self.folder / OF, content.encode())
        elif there != self.of:
            wrong = [name for name in sorted({*there, *self.of}) if there.get(name) != self.of.get(name)]
            raise StoreError(
                f"{self.folder} is the journal of another update: {', '.join(wrong)} is not the same. Give another "
                "folder, or remove this one to start anew."
            )
        for torn in self.folder.glob(".*.tmp"):  # of a process that ended while it wrote
            torn.unlink()
        self.spent = max([0.0, *(self._told(name)[0]["spent"] for name in self.names())])

    @property
    def due(self) -> bool:
        """Whether it is time for an entry."""
        return time.perf_counter() - self._last >= self._pause

    def names(self) -> list[str]:
        """Return the name of each entry."""
        return sorted(path.stem for path in self.folder.glob("*.safetensors"))

    def write(self, name: str, entry: Entry) -> None:
        """Write an entry down, in the place of the one of that name.

        Raises:
            StoreError: when it cannot be written; what was there stays.
        """
        began = time.perf_counter()
        facts = json.dumps({**entry.facts, "spent": self.spent + began - self._opened}, allow_nan=False)
        plain = {each: tensor.detach().cpu().contiguous() for each, tensor in entry.tensors.items()}
        hashes = {"sha256_of_facts": hashed(facts.encode()), "sha256_of_tensors": hash_of(plain)}
        with files.writing_to(self.folder):
            files.replace(self._file(name), as_bytes(plain, {"facts": facts, **hashes}))
        self._last = time.perf_counter()
        self._pause = max(self.every, SHARE * (self._last - began))

    def facts(self, name: str) -> dict[str, Any] | None:
        """Return the facts of an entry; None where there is none of that name.

        Raises:
            StoreError: when they are not as they were written.
        """
        return self._told(name)[0] if self._file(name).exists() else None

    def read(self, name: str) -> Entry | None:
        """Return an entry; None where there is none of that name.

        Raises:
            StoreError: when it is not as it was written.
        """
        if not self._file(name).exists():
            return None
        (facts, told), tensors = self._told(name), read_tensors(self._file(name))
        if hash_of(tensors) != told:
            raise self._damaged(name)
        return Entry(facts, tensors)

    def _remove(self) -> None:
        """Remove first what says of what it is, so that what may be left counts no more."""
        with files.writing_to(self.folder):
            (self.folder / OF).unlink(missing_ok=True)
            shutil.rmtree(self.folder, ignore_errors=True)

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.safetensors"

    def _told(self, name: str) -> tuple[dict[str, Any], str]:
        """Return the facts of an entry, and the hash of its tensors."""
        try:
            with safe_open(self._file(name), "pt") as file:
                told = file.metadata() or {}
            facts = json.loads(told["facts"])
            sound = isinstance(facts, dict) and isinstance(facts.get("spent"), float) and math.isfinite(facts["spent"])
            if sound and hashed(told["facts"].encode()) == told["sha256_of_facts"]:
                return facts, told["sha256_of_tensors"]
        except (SafetensorError, OSError, ValueError, KeyError, RecursionError):
            pass
        raise self._damaged(name)

    def _damaged(self, name: str) -> StoreError:
        return StoreError(
            f"{self._file(name)} is not as it was written. Remove {self.folder} to start anew; no version is touched."
        )


def told_of(folder: Path) -> dict[str, Any] | None:
    """Return what tells the update of a journal from every other; None where there is no journal.

    Raises:
        StoreError: when it is damaged, or of a newer form.
    """
    file = folder / OF
    if not file.exists():
        return None
    try:
        values = json.loads(files.read(file, "a journal"))
        schema, of = values["schema"], dict(values["of"])
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise StoreError(
            f"{file} does not say of what it is a journal ({error}). Remove {folder} to start anew."
        ) from error
    if schema != SCHEMA:
        raise StoreError(
            f"{file} has schema {schema}, this onward reads schema {SCHEMA}. It was written by another version; use "
            f"that one, or remove {folder} to start anew."
        )
    return of


def remove_nameless(folder: Path) -> None:
    """Remove a folder that says of no update that it is its journal: a process ended before it said so, or removed it.

    Nothing is written there, not even for a moment: a process killed then would leave the journal of another update.

    Raises:
        StoreError: when a process is at it.
    """
    with files.held(folder, wait=False):
        if told_of(folder) is None:
            shutil.rmtree(folder, ignore_errors=True)


def hashed(content: bytes) -> str:
    """Return the hash of some bytes, in hex."""
    return hashlib.sha256(content).hexdigest()


def hash_of(tensors: Mapping[str, Tensor]) -> str:
    """Return a hash of tensors: their names, shapes, types and every byte."""
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}\n".encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
