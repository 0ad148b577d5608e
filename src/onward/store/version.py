"""A version on disk: a folder, its card, and whether its files are what the card says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from onward.store import files
from onward.store.card import Card

MODEL, KEPT = "model.safetensors", "kept.safetensors"
"""The files that every version has beside its card; a stripped one has not."""

STRIPPED = "stripped"
"""The empty file that marks a version whose tensors were taken away for good, while all that tells of it was left."""


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

    @property
    def stripped(self) -> bool:
        """Whether its tensors were taken away for good."""
        return (self.path / STRIPPED).exists()

    def restore(self, folder: Path) -> None:
        """Give a stripped version its tensors back, which lie in a folder."""
        for name in (MODEL, KEPT):
            (folder / name).replace(self.path / name)
        files.settle(self.path)
        (self.path / STRIPPED).unlink()

    def damage(self) -> Iterator[str]:
        """Yield a sentence for each file that is missing or is not what the card says."""
        told = dict.fromkeys((MODEL, KEPT), "nothing") | self.card.files
        gone = (MODEL, KEPT) if self.stripped else ()
        for name in (name for name in told if name not in gone):
            path = self.path / name
            if Path(name).name != name or not files.plain(path):
                yield f"version {self.short}: {name} is missing; restore it from a copy."
            elif (found := files.sha256(path)) != told[name]:
                parent = f" or load the parent {self.card.parent[:8]}" if self.card.parent else ""
                yield (
                    f"version {self.short}: {name} has hash {found[:8]}, the card says {told[name][:8]}. The file was "
                    f"changed after it was written; restore it{parent}."
                )
