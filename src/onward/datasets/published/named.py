"""Data sets by name: found in a folder in any usual layout, else fetched, else said how to get it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import cast

from onward.datasets.published import digits, hub, layouts
from onward.datasets.published.class_names import CLASS_NAMES
from onward.datasets.raw import Raw
from onward.datasets.reading import Reading
from onward.errors import InputError, MissingExtraError, listed, unknown
from onward.types import Examples, aligned

NAMES = tuple(CLASS_NAMES)
"""The data sets that have a name."""

WHOLE = Reading(memory=sys.maxsize)
"""These data sets fit in memory."""

FOLDERS = {
    "mnist": ("mnist", "MNIST/raw", "MNIST"),
    "fashion_mnist": ("fashion_mnist", "fashion-mnist", "FashionMNIST/raw", "FashionMNIST"),
    "kmnist": ("kmnist", "KMNIST/raw", "KMNIST", "kmnist-test"),
    "cifar10": ("cifar10", "cifar-10", "cifar-10-batches-py", "cifar-10-batches-bin", "cifar-10-lean"),
    "cifar100": ("cifar100", "cifar-100", "cifar-100-python", "cifar-100-binary"),
}
"""The folders that a data set usually lies in, the first choice first."""


def load(name: str, split: str, data_dir: str | Path | None = None) -> Examples:
    """Return one part of a data set.

    Args:
        name: one of ``NAMES``. ``digits`` needs no files.
        split: ``train`` or ``test``.
        data_dir: the folder that holds the data sets' folders, or one of them itself; None takes the
            environment's ``ONWARD_DATA``, else ``~/.cache/onward``.

    Returns:
        Examples with images as (n, channels, height, width) uint8, under the data set's own class names.

    Raises:
        InputError: when there is no such data set or split, when it is found broken, or not found at all.
    """
    if name not in NAMES:
        raise unknown("data set", name, NAMES)
    if split not in layouts.SPLITS:
        raise unknown("split", split, layouts.SPLITS)
    raw = digits.read(split).raw() if name == "digits" else _located(name, split, data_root(data_dir))
    classes = CLASS_NAMES[name]
    counted_otherwise = sorted(raw.labels.classes) == sorted(classes)
    held = cast(Examples, raw.taken(WHOLE, () if counted_otherwise else classes).data)
    return Examples(held.inputs, aligned(held, classes).targets, classes)


def data_root(data_dir: str | Path | None = None) -> Path:
    """Return the folder that holds those of data sets: the given one, ``ONWARD_DATA``, or ``~/.cache/onward``."""
    given = data_dir or os.environ.get("ONWARD_DATA")
    return Path(given).expanduser() if given else Path.home() / ".cache" / "onward"


def _candidates(name: str, root: Path) -> list[Path]:
    """Return where to look: the usual folders under ``root``, and ``root`` when it is one of them."""
    usual = [Path(folder) for folder in FOLDERS[name]]
    itself = any(root.parts[-len(folder.parts) :] == folder.parts for folder in usual)
    return [*([root] if itself else []), *(root / folder for folder in usual)]


def _located(name: str, split: str, root: Path) -> Raw:
    folders = _candidates(name, root)
    for folder in folders:
        if raw := layouts.found(folder, split):
            return raw
    try:
        return hub.fetch(name, split).raw()
    except MissingExtraError as error:
        way = "or let it be fetched: pip install 'onward[huggingface]'"
        raise _absent(name, split, folders, way) from error
    except InputError as error:
        raise _absent(name, split, folders, f"or see why it was not fetched: {error}") from error


def _absent(name: str, split: str, folders: list[Path], way: str) -> InputError:
    held = {folder: layouts.splits(folder) for folder in folders}
    other = [f"{folder} has only its {listed(there)} part. " for folder, there in held.items() if there]
    return InputError(
        f"the {split} part of {name} was not found. {''.join(other)}Looked in: {listed(folders)}. "
        f"Put its files into one of these ({listed(layouts.LAYOUTS)}), or name the folder above them with "
        f"--data-dir or ONWARD_DATA, {way}"
    )
