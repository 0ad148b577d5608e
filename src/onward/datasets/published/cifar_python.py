"""CIFAR's Python version: ``cifar-10-batches-py``, ``cifar-100-python``. They are pickles; none is run."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from onward.datasets.arrays.tensors import tensor
from onward.datasets.published import data_pickle
from onward.datasets.published.cifar_binary import PIXELS, SHAPE
from onward.datasets.published.part import Part
from onward.errors import InputError, listed

TEN = {"train": [f"data_batch_{k}" for k in range(1, 6)], "test": ["test_batch"]}
HUNDRED = {"train": ["train"], "test": ["test"]}


def holds(folder: Path, split: str) -> bool:
    """Return whether ``folder`` has the first file of ``split``."""
    return any((folder / kind[split][0]).is_file() for kind in (TEN, HUNDRED) if split in kind)


def read(folder: Path, split: str) -> Part:
    """Return ``split``, images as (n, 3, 32, 32), under the class names beside it if they are there.

    Raises:
        InputError: when a file is missing or cut, or says anything but plain data.
    """
    ten = (folder / TEN[split][0]).is_file()
    files, key, names = (TEN, "", "batches.meta") if ten else (HUNDRED, "fine_", "meta")
    batches = [_batch(folder / file, f"{key}labels") for file in files[split]]
    inputs = np.concatenate([pixels for pixels, _ in batches]).reshape(-1, *SHAPE)
    labels = np.concatenate([ids for _, ids in batches])
    return Part(tensor(inputs), tensor(labels), _names(folder / names, f"{key}label_names"), folder)


def record(path: Path) -> dict[str, object]:
    """Return the dictionary that a file holds.

    Raises:
        InputError: when it is missing, cut, or anything but a dictionary of plain data.
    """
    try:
        held = data_pickle.read(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error}. Copy or fetch it again.") from error
    except InputError as error:
        raise InputError(f"{path} cannot be used: {error}.") from error
    if not isinstance(held, dict):
        raise InputError(f"{path} holds a {type(held).__name__}, wanted a dictionary")
    return held


def _batch(path: Path, key: str) -> tuple[np.ndarray, np.ndarray]:
    held = record(path)
    pixels, labels = held.get("data"), held.get(key)
    if not isinstance(pixels, np.ndarray) or pixels.ndim != 2 or pixels.shape[1] != PIXELS:
        raise InputError(f"{path} has the keys {listed(held)}; wanted 'data', rows of {PIXELS} unsigned bytes")
    if not isinstance(labels, list) or not all(type(label) is int and abs(label) < 2**31 for label in labels):
        raise InputError(f"{path} has the keys {listed(held)}; wanted {key!r}, a list of class ids")
    return pixels, np.array(labels, np.int64)


def _names(path: Path, key: str) -> tuple[str, ...]:
    if not path.is_file():
        return ()
    names = record(path).get(key)
    if not isinstance(names, list) or not all(isinstance(name, str | bytes) for name in names):
        raise InputError(f"{path} has no {key!r}, a list of class names")
    return tuple(name.decode("latin-1") if isinstance(name, bytes) else name for name in names)
