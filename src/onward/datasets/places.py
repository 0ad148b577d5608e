"""What lies at a path: which of the forms that are known, and what it holds."""

from __future__ import annotations

from pathlib import Path

from onward.datasets.arrays import npz
from onward.datasets.images import image_folder, pictures
from onward.datasets.options import Options
from onward.datasets.published import layouts
from onward.datasets.raw import Raw
from onward.datasets.reading import Reading
from onward.datasets.tables import arrow_folder, columns, parquet, tabular
from onward.errors import InputError, listed

SUFFIXES = (".npz", *tabular.SUFFIXES, *pictures.SUFFIXES)
"""The ends of the names of files that are sources."""


def found(path: Path, split: str | None, options: Options, reading: Reading) -> Raw:
    """Return what lies at ``path``.

    Raises:
        InputError: when it is none of the known forms, or broken.
    """
    if path.is_dir():
        return _in_folder(path, split, options, reading)
    kind = path.suffix.lower()
    if kind not in SUFFIXES:
        raise InputError(f"{path} is no source; wanted a folder, or a file that ends in {listed(SUFFIXES)}")
    if kind in pictures.SUFFIXES:
        return image_folder.read_one(path, split)
    if kind == ".npz":
        return npz.read_file(path, split, reading.memory, reading.labels)
    if split is not None:
        raise InputError(f"{path} is a table, which has no splits; got {split!r}")
    return columns.raw(tabular.opened(path), options, reading)


def _in_folder(folder: Path, split: str | None, options: Options, reading: Reading) -> Raw:
    held = layouts.splits(folder)
    if (wanted := split or "train") in held:
        return _in_layout(folder, wanted, options, reading)
    if held and not parquet.files(folder, wanted):
        raise InputError(f"{folder} has no {wanted} part, only {listed(held)}: {folder}:{held[0]}")
    if arrow_folder.holds(folder):
        return columns.raw(arrow_folder.table(folder, split), options, reading)
    if npz.holds_pair(folder, split, reading.labels):
        return npz.read_pair(folder, split, reading.memory, reading.labels)
    if split is None and (table := image_folder.table_in(folder, options, reading)):
        return image_folder.read_table(table, options, reading)
    inner, left = image_folder.of_split(folder, split)
    if inner != folder:
        return _in_folder(inner, left, options, reading)
    if parquet.files(folder, left):
        return parquet.read(folder, left, options, reading)
    return image_folder.read(folder, left, options, reading.labels)


def _in_layout(folder: Path, split: str, options: Options, reading: Reading) -> Raw:
    layout = layouts.holding(folder, split)
    if layout is npz:
        return npz.read(folder, split, reading.memory)
    if layout is parquet or layout is None:
        return parquet.read(folder, split, options, reading)
    return layouts.read(layout, folder, split)
