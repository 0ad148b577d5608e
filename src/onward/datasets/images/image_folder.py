"""A folder of images: one sub-folder a class, or a table of paths and classes beside the images."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np

from onward.datasets.images.encoded import Pictures
from onward.datasets.images.pictures import SUFFIXES
from onward.datasets.labels import NONE, Labels
from onward.datasets.options import Options
from onward.datasets.raw import Raw
from onward.datasets.reading import Reading
from onward.datasets.tables import columns, tabular
from onward.errors import InputError, listed

SPLITS = ("train", "test", "val")


def of_split(folder: Path, split: str | None) -> tuple[Path, str | None]:
    """Return the sub-folder of a split, and None as what is left to find; the folder itself where there is none.

    Args:
        folder: which may have a sub-folder for each split.
        split: its name; None takes ``train`` where all sub-folders are splits.
    """
    inside = _folders(folder)
    if split is None and "train" in inside and set(inside) <= set(SPLITS):
        split = "train"
    return (folder / split, None) if split in inside else (folder, split)


def read(folder: Path, split: str | None = None, options: Options | None = None, labels: bool = True) -> Raw:
    """Return the images of ``folder``, classes and images in the order of their names.

    Args:
        folder: holds a sub-folder for each class, named after it. Images beside these, or in folders within them, have
            no class.
        split: the sub-folder to read instead; None takes ``train`` where all sub-folders are splits.
        options: what the source says of a table, should one lie there in vain.
        labels: whether there must be folders of classes.

    Raises:
        InputError: when there is no such split, or no image in the folder of a class.
    """
    whole, (folder, missing) = folder, of_split(folder, split)
    inside = _folders(folder)
    if missing is not None:
        raise InputError(f"{whole} has no sub-folder {missing!r}; it has: {listed(inside) or 'none'}")
    files, loose = [_images(folder / name) for name in inside], [*_images(folder), *_deeper(folder, inside)]
    if not any(files) and (labels or not loose):
        useless = "; ".join(_lacking(path, options or Options()) for path in _tables(folder))
        raise InputError(
            f"{folder} holds no images in folders of classes; wanted one folder a class, with {listed(SUFFIXES)}, "
            f"or images and one .csv or .parquet file with their paths and labels{useless and f'. {useless}'}"
        )
    codes = np.repeat([*range(len(files)), NONE], [*map(len, files), len(loose)])
    pictures = Pictures([*chain.from_iterable(files), *loose], folder)
    beside = {os.path.relpath(path, folder): "in no folder of a class" for path in loose}
    return Raw(pictures, Labels(codes, tuple(inside)), folder, beside)


def read_one(path: Path, split: str | None) -> Raw:
    """Return one image, which has no class.

    Raises:
        InputError: when a split of it is wanted.
    """
    if split is not None:
        raise InputError(f"{path} is an image, which has no splits; got {split!r}")
    return Raw(Pictures([str(path)], path.parent), Labels.none(1), path, {path.name: "in no folder of a class"})


def table_in(folder: Path, options: Options, reading: Reading | None = None) -> Path | None:
    """Return the one table in ``folder`` that has paths of images and their classes; None when there is none.

    Args:
        folder: to look in.
        options: what the source says of its columns.
        reading: how it is read; by it a table needs no classes, perhaps.

    Raises:
        InputError: when there are several.
    """
    found = [path for path in _tables(folder) if not _lacking(path, options, reading)]
    if len(found) > 1:
        names = listed(path.name for path in found)
        raise InputError(f"{folder} has several tables of images: {names}. Name the one that is meant: {found[0]}")
    return found[0] if found else None


def read_table(path: Path, options: Options, reading: Reading) -> Raw:
    """Return the images that a table in their folder lists; images there that it does not list have no class."""
    raw = columns.raw(tabular.opened(path), options, reading)
    if not isinstance(raw.inputs, Pictures) or not isinstance(raw.inputs.files, list):
        return raw
    known = {os.path.normpath(file) for file in raw.inputs.files if isinstance(file, str)}
    there = sorted(str(file) for file in path.parent.rglob("*") if file.suffix.lower() in SUFFIXES and file.is_file())
    loose = [file for file in there if file not in known]
    beside = [os.path.relpath(file, path.parent) for file in loose]
    return replace(
        raw,
        inputs=replace(raw.inputs, files=[*raw.inputs.files, *loose]),
        labels=replace(raw.labels, codes=np.append(raw.labels.codes, np.full(len(loose), NONE))),
        beside=dict.fromkeys(beside, f"not in {path.name}"),
    )


def _tables(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.iterdir()) if path.suffix.lower() in tabular.SUFFIXES and path.is_file()]


def _lacking(path: Path, options: Options, reading: Reading | None = None) -> str:
    """Return why a file is no table with a column of paths and one of classes; "" where it is one."""
    try:
        table = tabular.opened(path)
        columns.refuse_unknown(table, options)
        columns.label_column(table, options, reading or Reading())
        found = columns.path_column(table, options)
    except InputError as error:
        return str(error)
    return "" if found else f"{path} has no column of paths; say which it is: @path=COLUMN"


def _folders(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def _deeper(folder: Path, classes: Sequence[str]) -> list[str]:
    """Return the images that lie in folders within the folders of classes."""
    inner = [folder / name / within for name in classes for within in _folders(folder / name)]
    return [str(file) for each in inner for file in sorted(each.rglob("*")) if file.suffix.lower() in SUFFIXES]


def _images(folder: Path) -> list[str]:
    with os.scandir(folder) as entries:
        named = sorted((entry.name, entry.path) for entry in entries if not entry.is_dir())
    return [path for name, path in named if name.lower().endswith(SUFFIXES)]
