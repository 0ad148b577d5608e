"""A folder of images, one sub-folder a class; or one such folder for each split."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from onward.datasets.part import Part, tensor
from onward.datasets.pictures import SUFFIXES, decoded
from onward.errors import InputError, listed

SPLITS = ("train", "test", "val")


def read(folder: Path, split: str | None = None) -> Part:
    """Return the images of ``folder``, classes and images in the order of their names.

    Args:
        folder: holds a sub-folder for each class, named after it.
        split: the sub-folder to read instead; None takes ``train`` where all sub-folders are splits.

    Raises:
        InputError: when there are no images, some cannot be read, or their sizes differ.
    """
    inside = _folders(folder)
    if split is None and "train" in inside and set(inside) <= set(SPLITS):
        split = "train"
    if split is not None:
        if split not in inside:
            raise InputError(f"{folder} has no sub-folder {split!r}; it has: {listed(inside) or 'none'}")
        folder, inside = folder / split, _folders(folder / split)
    files = [_images(folder / name) for name in inside]
    if not any(files):
        raise InputError(f"{folder} holds no images; wanted one folder a class, with {listed(SUFFIXES)}")
    every = [(f"{path.parent.name}/{path.name}", path) for paths in files for path in paths]
    labels = np.repeat(np.arange(len(files)), [len(paths) for paths in files])
    return Part(decoded(every, folder), tensor(labels.astype(np.int64)), tuple(inside), folder)


def _folders(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def _images(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file())
