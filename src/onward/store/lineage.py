"""A folder of versions, each with its parent, and heads that name the one in use."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import uuid
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from onward.catalogue import parsed
from onward.errors import StoreError
from onward.learner import Learner
from onward.nets.zoo import build
from onward.store import files
from onward.store.announced import hold_to_weights
from onward.store.card import Card, described, read_card
from onward.store.heads import Heads
from onward.store.reference import resolved
from onward.store.tensors import fill, read_tensors, write_tensors
from onward.store.version import KEPT, MODEL, Version

ID = re.compile(r"[0-9a-f]{64}")


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
            way = "make one with `onward init`, or point --lineage at it"
            raise StoreError(f"there is no lineage in {self.path}; {way}")

    @classmethod
    def create(cls, path: str | Path) -> Lineage:
        """Make an empty lineage, or take the one that is there.

        Raises:
            StoreError: when it cannot be made there.
        """
        with files.writing_to(Path(path)):
            for folder in (Path(path) / "versions", Path(path) / "heads"):
                folder.mkdir(parents=True, exist_ok=True)
        return cls(path)

    def in_use(self) -> AbstractContextManager[None]:
        """Hold the lineage while a version of it is being made, so that nothing is cleared away meanwhile."""
        return files.held(self.path, shared=True)

    def save(self, learner: Learner, card: Card, extra: Mapping[str, bytes] | None = None) -> Version:
        """Write a version, whole or not at all. Its files' hashes, and what ``described`` finds, are filled in here.

        Args:
            learner: what it is.
            card: what it says of itself.
            extra: further files by name, which are a part of the version as its weights are.

        Raises:
            StoreError: when it cannot be written, or the card holds what a card cannot.
        """
        folder = self.versions / f".new-{uuid.uuid4().hex}"
        try:
            with self.in_use(), files.writing_to(self.versions):
                return self._written(folder, learner, card, extra or {})
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _written(self, folder: Path, learner: Learner, card: Card, extra: Mapping[str, bytes]) -> Version:
        folder.mkdir()
        for name, content in extra.items():
            files.write(folder / name, content)
        write_tensors(folder / MODEL, learner.model.state_dict())
        write_tensors(folder / KEPT, learner.kept)
        if card.verdict is not None:
            files.write(folder / "gate.json", (json.dumps(card.verdict.values(), indent=1) + "\n").encode())
        hashes = {file.name: files.sha256(file) for file in sorted(folder.iterdir())}
        content = replace(described(learner, card), files=hashes).written()
        card = read_card(content, "the new card")  # so that what is placed can be read
        files.write(folder / "card.json", content)
        files.settle(folder)
        return self._placed(folder, hashlib.sha256(content).hexdigest(), card)

    def _placed(self, folder: Path, id: str, card: Card) -> Version:
        target = self.versions / id
        try:
            folder.rename(target)
        except OSError:
            if not target.is_dir():  # else the very same version is there already
                raise
        files.settle(self.versions)
        there = Version(id, card, target)
        if there.stripped:
            there.restore(folder)
        return there

    def version(self, reference: str) -> Version:
        """Return a version by its id, the beginning of it, a head's name, or ``head~2`` for two before it.

        Raises:
            InputError: when the reference leads nowhere; names the nearest.
            StoreError: when the card is not what its id says.
        """
        return self.read(self.resolve(reference))

    def read(self, id: str) -> Version:
        """Return the version of a whole id.

        Raises:
            StoreError: when it is gone, or its card is not what its id says.
        """
        raw = self.raw(id)
        return Version(id, read_card(raw, f"the card of version {id[:8]}"), self.versions / id)

    def raw(self, id: str) -> bytes:
        """Return the bytes of the card of a whole id.

        Raises:
            StoreError: when it is gone, or not what the id says.
        """
        folder = self.versions / id
        if not ID.fullmatch(id) or not folder.is_dir():
            raise StoreError(f"version {id[:8]} is gone; restore it from a copy.")
        raw = files.read(folder / "card.json", f"the card of version {id[:8]}")
        found = hashlib.sha256(raw).hexdigest()
        if found != id:
            raise StoreError(
                f"version {id[:8]}: card.json has hash {found[:8]}, its id says {id[:8]}. The card was changed after "
                "it was written; restore it from a copy."
            )
        return raw

    def whole(self, reference: str) -> Version:
        """Return a version with every hash checked.

        Raises:
            InputError: when the reference leads nowhere.
            StoreError: when a file is missing or not what the card says, or the version is stripped.
        """
        version = self.usable(self.resolve(reference))
        if problems := list(version.damage()):
            raise StoreError(" ".join(problems))
        return version

    def load(self, reference: str) -> Learner:
        """Return the learner of a version, with every hash checked.

        Raises:
            InputError: when the reference leads nowhere.
            StoreError: when a file is missing or not what the card says; nothing of it is used.
        """
        version = self.whole(reference)
        hold_to_weights(version.card.net, version.path / MODEL, version.short)
        model = build(version.card.net)
        try:
            fill(model, read_tensors(version.path / MODEL))
        except (RuntimeError, TypeError) as error:
            raise StoreError(f"version {version.short}: its tensors do not fit the net in its card: {error}") from error
        return Learner(model.eval(), parsed(version.card.method), read_tensors(version.path / KEPT))

    def ids(self) -> list[str]:
        """Return the id of every version, in no order that means anything."""
        return sorted(path.name for path in self.versions.iterdir() if ID.fullmatch(path.name))

    def history(self, reference: str) -> list[Version]:
        """Return a version and its ancestors, the youngest first."""
        line = [self.version(reference)]
        while (parent := line[-1].card.parent) is not None:
            line.append(self.read(parent))
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
        id = self.resolve(reference)
        self.heads.move(head, id, expected, self.usable)
        return id

    def roll_back(self, head: str) -> tuple[str, str]:
        """Take back a head's last move, and return the id it named and the id it names now. No version is lost.

        Raises:
            InputError: when there is no such head.
            StoreError: when it has never moved, or what it named before is stripped.
        """
        return self.heads.back(head, self.usable)

    def usable(self, id: str) -> Version:
        """Return the version of a whole id, which has its tensors.

        Raises:
            StoreError: when it is gone or stripped, or its card is not what its id says.
        """
        version = self.read(id)
        if version.stripped:
            raise StoreError(
                f"of version {version.short} only the card is left: `onward gc --keep` took its tensors away. Restore "
                "its folder from a copy, or use a later version."
            )
        return version

    def resolve(self, reference: str) -> str:
        """Return the id that a reference means.

        Raises:
            InputError: when it means none, or several.
        """
        return resolved(reference, self.heads, self.ids(), lambda id: self.read(id).card.parent)


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
