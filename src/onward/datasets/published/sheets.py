"""Contact sheets: the images of one class side by side in one lossless WebP file, beside a ``meta.json``.

``meta.json``: ``classes`` (names), ``tile`` ([height, width]) and ``files``, from file name to ``split``,
``label``, ``count`` and ``columns``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from onward.datasets.arrays.tensors import tensor
from onward.datasets.images.pictures import opened
from onward.datasets.published.part import Part
from onward.errors import InputError

META = "meta.json"


@dataclass(frozen=True)
class Sheet:
    """One file: ``count`` images of class ``label``, ``columns`` in a row."""

    path: Path
    split: str
    label: int
    count: int
    columns: int


@dataclass(frozen=True)
class Index:
    """What ``meta.json`` says. tile: (height, width) of one image."""

    classes: tuple[str, ...]
    tile: tuple[int, int]
    sheets: tuple[Sheet, ...]


def holds(folder: Path, split: str) -> bool:
    """Return whether ``folder`` has a ``meta.json`` with sheets of ``split``."""
    return (folder / META).is_file() and any(sheet.split == split for sheet in index(folder).sheets)


def read(folder: Path, split: str) -> Part:
    """Return ``split``, images as (n, 3, height, width), in the order of the sheets.

    Raises:
        InputError: when ``meta.json`` is not as described, or a sheet is missing, broken or too small.
    """
    meta = index(folder)
    sheets = [sheet for sheet in meta.sheets if sheet.split == split]
    with ThreadPoolExecutor() as threads:  # Pillow decodes outside the interpreter's lock
        tiles = list(threads.map(lambda sheet: _tiles(sheet, meta.tile), sheets))
    labels = np.repeat([sheet.label for sheet in sheets], [sheet.count for sheet in sheets]).astype(np.int64)
    return Part(tensor(np.concatenate(tiles)), tensor(labels), meta.classes, folder)


def index(folder: Path) -> Index:
    """Return what ``meta.json`` in ``folder`` says.

    Raises:
        InputError: when it is no such file.
    """
    path = folder / META
    try:
        meta = json.loads(path.read_text(encoding="utf-8"))
        classes, (height, width) = tuple(str(name) for name in meta["classes"]), meta["tile"]
        sheets = tuple(_sheet(folder, name, entry) for name, entry in meta["files"].items())
        return Index(classes, (_whole(height), _whole(width)), sheets)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        reason = f"{type(error).__name__} {error}"
        raise InputError(f"{path} does not describe contact sheets (classes, tile, files): {reason}") from error


def _sheet(folder: Path, name: str, entry: Mapping[str, object]) -> Sheet:
    if Path(name).name != name:
        raise InputError(f"{name!r} is not the name of a file beside it")
    count, columns = _whole(entry["count"]), _whole(entry["columns"])
    return Sheet(folder / name, str(entry["split"]), _whole(entry["label"], least=0), count, columns)


def _whole(value: object, least: int = 1) -> int:
    if type(value) is not int or not least <= value < 2**31:
        raise InputError(f"wanted a whole number from {least} to {2**31 - 1}, got {value!r}")
    return value


def _tiles(sheet: Sheet, tile: tuple[int, int]) -> np.ndarray:
    """Cut a sheet into (count, 3, height, width)."""
    try:
        image = opened(sheet.path)
    except InputError as error:
        raise InputError(f"{sheet.path} {error}") from error
    height, width = tile
    rows = -(-sheet.count // sheet.columns)
    least = (sheet.columns * width, rows * height)
    if image.size != least:
        size, wanted = f"{image.width}x{image.height}", f"{least[0]}x{least[1]}"
        raise InputError(f"{sheet.path} is {size} pixels, but its {sheet.count} images need {wanted}")
    grid = np.asarray(image.convert("RGB")).reshape(rows, height, sheet.columns, width, 3)
    return grid.transpose(0, 2, 4, 1, 3).reshape(-1, 3, height, width)[: sheet.count]
