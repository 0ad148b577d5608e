"""CIFAR's binary version: ``cifar-10-batches-bin`` and ``cifar-100-binary``.

A record is one label byte (CIFAR-100: coarse, then fine) and 3072 bytes of pixels, channel by channel, row by
row (Krizhevsky 2009, "Learning multiple layers of features from tiny images"). CIFAR-100 is read by its fine
labels.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from onward.datasets.arrays.tensors import tensor
from onward.datasets.published.part import Part
from onward.errors import InputError

SHAPE = (3, 32, 32)
PIXELS = 3 * 32 * 32
TEN = {"train": [f"data_batch_{k}.bin" for k in range(1, 6)], "test": ["test_batch.bin"]}
HUNDRED = {"train": ["train.bin"], "test": ["test.bin"]}


def holds(folder: Path, split: str) -> bool:
    """Return whether ``folder`` has the first file of ``split``."""
    return any((folder / kind[split][0]).is_file() for kind in (TEN, HUNDRED) if split in kind)


def read(folder: Path, split: str) -> Part:
    """Return ``split``, images as (n, 3, 32, 32), under the class names beside it if they are there.

    Raises:
        InputError: when a file is missing or is no whole number of records.
    """
    ten = (folder / TEN[split][0]).is_file()
    files, labels, names = (TEN, 1, "batches.meta.txt") if ten else (HUNDRED, 2, "fine_label_names.txt")
    records = np.concatenate([_records(folder / file, labels + PIXELS) for file in files[split]])
    inputs, ids = records[:, labels:].reshape(-1, *SHAPE), records[:, labels - 1].astype(np.int64)
    return Part(tensor(inputs), tensor(ids), _lines(folder / names), folder)


def _records(path: Path, length: int) -> np.ndarray:
    try:
        values = np.fromfile(path, np.uint8)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error}. Copy or fetch it again.") from error
    if len(values) % length:
        raise InputError(f"{path} has {len(values)} bytes; wanted a multiple of {length}, a record")
    return values.reshape(-1, length)


def _lines(path: Path) -> tuple[str, ...]:
    if not path.is_file():
        return ()
    try:
        return tuple(path.read_text().split())
    except ValueError as error:
        raise InputError(f"{path} is no text file of class names") from error
