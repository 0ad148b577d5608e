"""Parquet files with an image and a label column, as data sets are published on the Hugging Face hub."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from onward.datasets.part import Part, tensor
from onward.datasets.pictures import decoded
from onward.errors import InputError, listed, optional

if TYPE_CHECKING:
    import pyarrow

IMAGE = ("image", "img")
LABEL = ("label", "fine_label", "labels")


def holds(folder: Path, split: str) -> bool:
    """Return whether ``folder``, or a folder in it, has ``{split}-*.parquet``."""
    return bool(_files(folder, split))


def read(folder: Path, split: str) -> Part:
    """Return ``split``, images as (n, channels, height, width), files in the order of their names.

    Raises:
        InputError: when a file is broken, lacks a column, or holds images that cannot be used.
    """
    pyarrow = optional("pyarrow", "data", "reading Parquet files")
    parquet = optional("pyarrow.parquet", "data", "reading Parquet files")
    tables, classes = [], ()
    for path in _files(folder, split):
        try:
            with parquet.ParquetFile(path) as file:
                names = file.schema_arrow.names
                wanted = [column(names, IMAGE, path), column(names, LABEL, path)]
                classes = _names(file.schema_arrow.metadata)
                tables.append(file.read(columns=wanted).select(wanted).rename_columns(["image", "label"]))
        except (OSError, ValueError, pyarrow.ArrowException) as error:
            raise InputError(f"{path} cannot be read as Parquet: {error}") from error
    labels = [_ids(table.column("label"), folder) for table in tables]
    inputs = decoded((entry for table in tables for entry in _encoded(table, folder)), folder)
    return Part(inputs, tensor(np.concatenate(labels)), classes, folder)


def column(names: list[str], known: tuple[str, ...], where: object) -> str:
    """Return the first of ``known`` among the columns ``names``.

    Raises:
        InputError: when there is none.
    """
    for name in known:
        if name in names:
            return name
    raise InputError(f"{where} has the columns {listed(names)}, but none of {listed(known)}")


def _files(folder: Path, split: str) -> list[Path]:
    names = (f"{split}-*.parquet", f"*/{split}-*.parquet")
    return next((found for name in names if (found := sorted(folder.glob(name)))), [])


def _encoded(table: pyarrow.Table, folder: Path) -> Iterator[tuple[str, bytes]]:
    for row, value in enumerate(table.column("image").to_pylist()):
        held = value.get("bytes") if isinstance(value, dict) else value
        if not isinstance(held, bytes):
            raise InputError(f"image {row} in {folder} is {held!r}; wanted the bytes of an image file")
        yield f"image {row}", held


def _ids(labels: pyarrow.ChunkedArray, folder: Path) -> np.ndarray:
    ids = labels.to_numpy()
    if ids.dtype.kind not in "iu":
        raise InputError(f"the labels in {folder} must be whole numbers and none missing, got {labels.type}")
    return ids.astype(np.int64)


def _names(metadata: dict[bytes, bytes] | None) -> tuple[str, ...]:
    """Return the class names that Hugging Face writes into a table's schema, if they are there."""
    try:
        features = json.loads((metadata or {})[b"huggingface"])["info"]["features"]
        return tuple(str(name) for name in next(features[key]["names"] for key in LABEL if key in features))
    except (KeyError, TypeError, ValueError, StopIteration, RecursionError):
        return ()
