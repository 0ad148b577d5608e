"""A folder of versions, each with its parent, and heads that name the one in use."""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from onward.catalogue import parsed
from onward.errors import InputError, StoreError, unknown
from onward.learner import Learner
from onward.nets.zoo import build
from onward.store import files
from onward.store.card import Card, read_card, software
from onward.store.heads import Heads
from onward.store.tensors import read_tensors, write_tensors

ID = re.compile(r"[0-9a-f]{64}")
SHORTEST = 4
"""The fewest digits of an id that may stand for it."""


@dataclass(frozen=True)
class Version:
    """One version: its id, its card, and the folder they lie in."""

    id: str
    card: Card
    path: Path

    @property
    def short(self) -> str:
        """The id as it is shown."""
        return self.id[:8]


class Lineage:
    """A folder ``versions/`` of versions that never change, and ``heads/`` of text files that name one each."""

    def __init__(self, path: str | Path) -> None:
        """Take the folder as it is.

        Raises:
            StoreError: when it is not a lineage.
        """
        self.path = Path(path)
        self.versions, self.heads = self.path / "versions", Heads(self.path / "heads")
        if not self.versions.is_dir() or not self.heads.folder.is_dir():
            raise StoreError(f"there is no lineage in {self.path}; make one with `onward init`, or point --lineage at it")

    @classmethod
    def create(cls, path: str | Path) -> Lineage:
        """Make an empty lineage, or take the one that is there."""
        for folder in (Path(path) / "versions", Path(path) / "heads"):
            folder.mkdir(parents=True, exist_ok=True)
        return cls(path)

    def save(self, learner: Learner, card: Card) -> Version:
        """Write a version, whole or not at all. Its files' hashes, shape, software and time are filled in here."""
        folder = Path(tempfile.mkdtemp(prefix=".new-", dir=self.versions))
        try:
            write_tensors(folder / "model.safetensors", learner.model.state_dict())
            write_tensors(folder / "kept.safetensors", learner.kept)
            if card.verdict is not None:
                files.write(folder / "gate.json", (json.dumps(asdict(card.verdict), indent=1) + "\n").encode())
            now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
            hashes = {file.name: files.sha256(file) for file in sorted(folder.iterdir())}
            net = learner.model.spec()
            card = replace(card, net=net, files=hashes, software=software(), created=card.created or now)
            content = card.written()
            files.write(folder / "card.json", content)
            files.settle(folder)
            return self._placed(folder, hashlib.sha256(content).hexdigest(), card)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _placed(self, folder: Path, id: str, card: Card) -> Version:
        target = self.versions / id
        if not target.exists():
            os.rename(folder, target)
            files.settle(self.versions)
        return Version(id, card, target)

    def version(self, reference: str) -> Version:
        """Return a version by its id, the beginning of it, a head's name, or ``head~2`` for two before it.

        Raises:
            InputError: when the reference leads nowhere; names the nearest.
            StoreError: when the card is not what its id says.
        """
        return self._read(self.resolve(reference))

    def _read(self, id: str) -> Version:
        folder = self.versions / id
        raw = files.read(folder / "card.json", f"the card of version {id[:8]}")
        found = hashlib.sha256(raw).hexdigest()
        if found != id:
            raise StoreError(
                f"version {id[:8]}: card.json has hash {found[:8]}, its id says {id[:8]}. The card was changed after it "
                "was written; restore it from a copy."
            )
        return Version(id, read_card(raw, f"the card of version {id[:8]}"), folder)

    def load(self, reference: str) -> Learner:
        """Return the learner of a version, with every hash checked.

        Raises:
            InputError: when the reference leads nowhere.
            StoreError: when a file is missing or not what the card says; nothing of it is used.
        """
        version = self.version(reference)
        problems = list(self.damage(version))
        if problems:
            raise StoreError(" ".join(problems))
        model = build(version.card.net)
        state = read_tensors(version.path / "model.safetensors")
        try:
            model.load_state_dict(state, strict=True, assign=True)
        except RuntimeError as error:
            raise StoreError(f"version {version.short}: the tensors do not fit the shape in the card: {error}") from error
        return Learner(model.eval(), parsed(version.card.method), read_tensors(version.path / "kept.safetensors"))

    def damage(self, version: Version) -> Iterator[str]:
        """Yield a sentence for each file of a version that is missing or is not what its card says."""
        for name, told in version.card.files.items():
            path = version.path / name
            if Path(name).name != name or not path.is_file() or path.is_symlink():
                yield f"version {version.short}: {name} is missing; restore it from a copy."
            elif (found := files.sha256(path)) != told:
                parent = f" or load the parent {version.card.parent[:8]}" if version.card.parent else ""
                yield (
                    f"version {version.short}: {name} has hash {found[:8]}, the card says {told[:8]}. The file was "
                    f"changed after it was written; restore it{parent}."
                )

    def ids(self) -> list[str]:
        """Return the id of every version, in no order that means anything."""
        return sorted(path.name for path in self.versions.iterdir() if ID.fullmatch(path.name))

    def history(self, reference: str) -> list[Version]:
        """Return a version and its ancestors, the youngest first."""
        line = [self.version(reference)]
        while (parent := line[-1].card.parent) is not None:
            line.append(self._read(parent))
        return line

    def promote(self, reference: str, head: str, expected: str | None = None) -> str:
        """Let a head name a version, and return its id.

        Args:
            reference: the version.
            head: the head's name; it is made when it is new.
            expected: the id that the head must still name; None does not ask.

        Raises:
            InputError: when the version is not there, or the name cannot be a head's.
            StoreError: when the head has moved meanwhile; it stays where it is.
        """
        id = self.version(reference).id
        self.heads.move(head, id, expected)
        return id

    def resolve(self, reference: str) -> str:
        """Return the id that a reference means.

        Raises:
            InputError: when it means none, or several.
        """
        name, tilde, back = reference.partition("~")
        heads = self.heads.all()
        found = [heads[name]] if name in heads else [id for id in self.ids() if len(name) >= SHORTEST and id.startswith(name)]
        if not found:
            raise unknown("head or version", name, [*heads, *(id[:8] for id in self.ids())])
        if len(found) > 1:
            raise InputError(f"'{name}' begins {len(found)} ids: {', '.join(id[:12] for id in found[:5])}; give more digits")
        id = found[0]
        steps = int(back or 1) if tilde and (back or "1").isdigit() else 0
        if tilde and not steps:
            raise InputError(f"after ~ comes how many versions to go back, got {reference!r}")
        for done in range(steps):
            parent = self._read(id).card.parent
            if parent is None:
                raise InputError(f"{name} has {done} versions before it, {reference!r} asks for {steps}")
            id = parent
        return id


def load(reference: str, lineage: str | Path = ".onward") -> Learner:
    """Return the learner of a version: ``load("prod")``, ``load("prod~1")``, ``load("7f3a91c2")``.

    Args:
        reference: a head, ``head~2`` for two versions before it, or the beginning of an id.
        lineage: the folder of the lineage.

    Raises:
        InputError: when the reference leads nowhere.
        StoreError: when there is no lineage, or the version is not what its card says.
    """
    return Lineage(lineage).load(reference)
