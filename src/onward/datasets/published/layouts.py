"""Every layout of a folder that is known, and which of them a given folder has."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from onward.datasets.arrays import npz
from onward.datasets.published import cifar_binary, cifar_python, idx, sheets
from onward.datasets.published.part import Part
from onward.datasets.raw import Raw
from onward.datasets.tables import parquet

SPLITS = ("train", "test")


class Layout(Protocol):
    """A module that reads one layout."""

    def holds(self, folder: Path, split: str) -> bool:
        """Return whether ``folder`` has ``split`` in this layout."""
        ...

    def read(self, folder: Path, split: str) -> Part | Raw:
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


def holding(folder: Path, split: str) -> Layout | None:
    """Return the first layout in which ``folder`` has ``split``; None when it has it in none."""
    return next((layout for layout in LAYOUTS.values() if layout.holds(folder, split)), None)


def read(layout: Layout, folder: Path, split: str) -> Raw:
    """Return ``split`` of a folder in a layout.

    Raises:
        InputError: when it is broken.
    """
    held = layout.read(folder, split)
    return held.raw() if isinstance(held, Part) else held


def found(folder: Path, split: str) -> Raw | None:
    """Return ``split`` in the first layout in which ``folder`` has it; None when it has it in none.

    Raises:
        InputError: when it has it, but broken.
    """
    layout = holding(folder, split)
    return read(layout, folder, split) if layout else None


def splits(folder: Path) -> list[str]:
    """Return which of ``SPLITS`` a folder has in any layout."""
    return [split for split in SPLITS if any(layout.holds(folder, split) for layout in LAYOUTS.values())]
