"""Every layout of a folder that is known, and which of them a given folder has."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from onward.datasets import cifar_binary, cifar_python, idx, npz, parquet, sheets
from onward.datasets.part import Part

SPLITS = ("train", "test")


class Layout(Protocol):
    """A module that reads one layout."""

    def holds(self, folder: Path, split: str) -> bool:
        """Return whether ``folder`` has ``split`` in this layout."""
        ...

    def read(self, folder: Path, split: str) -> Part:
        """Return ``split`` from ``folder``."""
        ...


LAYOUTS: dict[str, Layout] = {
    "npz": npz,
    "IDX": idx,
    "CIFAR binary": cifar_binary,
    "CIFAR python": cifar_python,
    "Parquet": parquet,
    "contact sheets": sheets,
}


def found(folder: Path, split: str) -> Part | None:
    """Return ``split`` in the first layout in which ``folder`` has it; None when it has it in none.

    Raises:
        InputError: when it has it, but broken.
    """
    layout = next((layout for layout in LAYOUTS.values() if layout.holds(folder, split)), None)
    return layout.read(folder, split) if layout else None


def splits(folder: Path) -> list[str]:
    """Return which of ``SPLITS`` a folder has in any layout."""
    return [split for split in SPLITS if any(layout.holds(folder, split) for layout in LAYOUTS.values())]
