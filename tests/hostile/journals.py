"""Journals of updates that were cut off, with one file in a liar's hands."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError
from tests.conformance.cuts import Cut, Pages
from tests.store.worlds import two_versions

from onward.catalogue import parsed
from onward.engine.update import update
from onward.errors import StoreError
from onward.journal import Entry, Journal
from onward.learner import Learner
from onward.nets.zoo import fresh
from onward.release.arrival import Arrival
from onward.release.cut import ARRIVAL, cuts, in_words
from onward.settings import Settings
from onward.store.journal import JOURNALS, DiskJournal, hash_of, hashed
from onward.store.lineage import Lineage
from onward.types import Examples

OF = {"parent": "0" * 64, "seed": 2, "method": "si"}
SETTINGS = Settings(epochs=2, batch_size=4, validation=0.2, patience=3)
HERE = f"lineage/{JOURNALS}/cut"
DATA = Examples(torch.arange(30.0).reshape(10, 3), torch.arange(10) % 2, ("a", "b"))


def world(*names: str) -> Callable[[Path], None]:
    """Return what makes a lineage, and in it the journal of an update with some of the entries that it writes."""

    def lay_out(folder: Path) -> None:
        two_versions(folder / "lineage")
        with DiskJournal(folder / HERE, OF) as journal:
            for name in names:
                journal.write(name, entries()[name])
        asked = Arrival("new.npz", ("test.npz",), parsed("si"), SETTINGS, care={"overlap": "drop"})
        (folder / HERE / ARRIVAL).write_text(json.dumps(in_words(asked, "prod")))

    return lay_out


@cache
def entries() -> dict[str, Entry]:
    """What an update writes: where it was in its second epoch, and what its phase leaves."""
    pages = Pages(every=1, lives=None)
    going_on(pages)
    ended = pages.entries["phase-000"]
    pages = Pages(every=1, lives=4)
    with suppress(Cut):
        going_on(pages)
    return {"now": pages.entries["now"], "phase-000": ended}


def going_on(journal: Journal) -> Learner:
    learner = Learner(fresh("mlp", (3,), 1, width=2, depth=1), parsed("si"))
    return update(learner, DATA, SETTINGS, 2, journal=journal)[0]


def of(name: str) -> Callable[[Path], list[bytes]]:
    """Return what gives a file of the journal."""
    return lambda folder: [(folder / HERE / name).read_bytes()]


def under_its_hashes(name: str) -> Callable[[Path, bytes], None]:
    """Return what puts an entry there whose hashes are true, so that only what it says can be wrong."""

    def plant(folder: Path, raw: bytes) -> None:
        file = folder / HERE / name
        file.write_bytes(raw)
        try:
            tensors = safetensors.torch.load(raw)
            told = json.loads(raw[8 : 8 + int.from_bytes(raw[:8], "little")]).get("__metadata__", {})
            facts = str(told.get("facts", "{}"))
            hashes = {"sha256_of_facts": hashed(facts.encode()), "sha256_of_tensors": hash_of(tensors)}
            file.write_bytes(safetensors.torch.save(tensors, {"facts": facts, **hashes}))
        except (SafetensorError, ValueError, KeyError, TypeError, AttributeError, RuntimeError):
            pass  # it stays as it is, whose hashes tell

    return plant


def as_facts(name: str) -> Callable[[Path], list[bytes]]:
    """Return what gives the facts of an entry."""
    return lambda folder: [json.dumps({**entries()[name].facts, "spent": 1.5}).encode()]


def with_facts(name: str) -> Callable[[Path, bytes], None]:
    """Return what puts facts beside an entry's tensors, under their true hash."""

    def plant(folder: Path, raw: bytes) -> None:
        tensors, facts = entries()[name].tensors, raw.decode(errors="replace")
        hashes = {"sha256_of_facts": hashed(facts.encode()), "sha256_of_tensors": hash_of(tensors)}
        plain = {key: tensor.contiguous() for key, tensor in tensors.items()}
        (folder / HERE / f"{name}.safetensors").write_bytes(safetensors.torch.save(plain, {"facts": facts, **hashes}))

    return plant


def go_on(folder: Path) -> object:
    """Go on with the update."""
    with DiskJournal(folder / HERE, OF) as journal:
        return going_on(journal)


def look(folder: Path) -> object:
    """See which updates were cut off, and go on with the one that is there."""
    found = list(cuts(Lineage(folder / "lineage")))
    if not found:
        raise StoreError("none is there")
    return found, go_on(folder)
