"""Folders of Parquet files, as data sets are published on the Hugging Face hub."""

from __future__ import annotations

from pathlib import Path

from onward.datasets.options import Options
from onward.datasets.raw import Raw
from onward.datasets.reading import Reading
from onward.datasets.tables import columns, tabular


def holds(folder: Path, split: str) -> bool:
    """Return whether ``folder``, or a folder in it, has ``{split}-*.parquet``."""
    return bool(files(folder, split))


def read(folder: Path, split: str | None, options: Options | None = None, reading: Reading | None = None) -> Raw:
    """Return ``split``, files in the order of their names.

    Raises:
        InputError: when a file is broken, or lacks columns.
    """
    table = tabular.parquet(files(folder, split), folder)
    return columns.raw(table, options or Options(), reading or Reading())


def files(folder: Path, split: str | None) -> list[Path]:
    """Return the Parquet files of a split; of None all that lie in the folder itself."""
    names = (f"{split}-*", f"*/{split}-*", f"{split}") if split else ("*",)
    return next((found for name in names if (found := sorted(folder.glob(f"{name}.parquet")))), [])
