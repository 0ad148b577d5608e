"""NumPy's ``.npz`` archives of numbers and text. An array of objects is a pickle, and refused."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Collection
from pathlib import Path

import numpy as np

from onward.datasets.part import Part, images, tensor
from onward.errors import InputError, listed

PAIRS = (("x", "y"), ("inputs", "targets"), ("images", "labels"), ("data", "labels"))
"""The names under which archives keep inputs and targets, alone or with a split before or after them."""


def holds(folder: Path, split: str) -> bool:
    """Return whether an archive in ``folder`` has ``split``, by its keys or by the end of its name."""
    return _found(folder, split) is not None


def read(folder: Path, split: str) -> Part:
    """Return ``split`` from the first archive in ``folder`` that has it; see :func:`read_file`."""
    path = _found(folder, split)
    if path is None:
        raise InputError(f"no .npz file in {folder} has the {split} part")
    return read_file(path, split if _keys(_names(path), split) else None)


def read_file(path: Path, split: str | None = None) -> Part:
    """Return what an archive holds.

    Args:
        path: the ``.npz`` file. Keys: a pair of ``PAIRS``, with the split joined by ``_`` when it keeps
            several (``x_train``, ``train_x``). Optionally ``classes``, the class names.
        split: the part to read; None takes the keys without a split, else ``train``.

    Returns:
        Inputs uint8 or float32, images as (n, channels, height, width); targets that are text become ids of
        the sorted names.

    Raises:
        InputError: when the file is cut or hostile, lacks the keys, or holds what are no inputs or targets.
    """
    names = _names(path)
    keys = _keys(names, split) or (_keys(names, "train") if split is None else None)
    if keys is None:
        end = f"_{split}" if split else ""
        known = listed(f"{x}{end} and {y}{end}" for x, y in PAIRS)
        raise InputError(f"{path} holds {listed(names) or 'nothing'}; wanted the keys {known}")
    inputs, labels, *given = _arrays(path, [*keys, "classes"] if "classes" in names else [*keys])
    classes = tuple(str(name) for name in given[0].ravel()) if given else ()
    ids, classes = _ids(labels, classes, path)
    return Part(tensor(_inputs(inputs, path)), tensor(ids), classes, path)


def _found(folder: Path, split: str) -> Path | None:
    for path in sorted(folder.glob("*.npz")):
        names = _names(path)
        if _keys(names, split) or (_keys(names, None) and path.stem.lower().endswith(split)):
            return path
    return None


def _keys(names: Collection[str], split: str | None) -> tuple[str, str] | None:
    forms = ("{}",) if split is None else (f"{{}}_{split}", f"{split}_{{}}")
    pairs = ((form.format(x), form.format(y)) for x, y in PAIRS for form in forms)
    return next((pair for pair in pairs if set(pair) <= set(names)), None)


def _names(path: Path) -> list[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            return [name.removesuffix(".npy") for name in archive.namelist()]
    except Exception as error:  # on bytes that lie, numpy and zipfile raise nearly anything
        raise InputError(f"{path} is not a whole .npz file: {error}. Copy or make it again.") from error


def _arrays(path: Path, keys: list[str]) -> list[np.ndarray]:
    try:
        with zipfile.ZipFile(path) as archive:
            for key in keys:
                _check_size(archive, key)
        with np.load(path, allow_pickle=False) as held:
            return [held[key] for key in keys]
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except Exception as error:  # on bytes that lie, numpy and zipfile raise nearly anything
        raise InputError(f"{path} cannot be read: {error}. Copy or make it again.") from error


def _check_size(archive: zipfile.ZipFile, key: str) -> None:
    """Refuse objects, and a header that announces other than what follows, before memory is taken."""
    member = archive.getinfo(f"{key}.npy")
    with archive.open(member) as file:
        version = np.lib.format.read_magic(file)
        if version not in ((1, 0), (2, 0)):
            raise InputError(f"{key!r} is in format {version}; only plain numbers and text are read")
        form = np.lib.format
        read_header = form.read_array_header_1_0 if version == (1, 0) else form.read_array_header_2_0
        shape, _, dtype = read_header(file)
        announced, follow = math.prod(shape) * dtype.itemsize, member.file_size - file.tell()
    if dtype.hasobject:
        raise InputError(f"{key!r} holds Python objects, which only a pickle can; save it as numbers or text")
    if announced != follow:
        raise InputError(f"{key!r} announces {announced} bytes of values but holds {follow}")


def _inputs(array: np.ndarray, path: Path) -> np.ndarray:
    if array.ndim < 2:
        raise InputError(f"{path}: inputs must have a row for each example, got shape {array.shape}")
    if array.dtype == np.uint8:
        return images(array)
    if array.dtype.kind not in "iuf":
        raise InputError(f"{path}: inputs must be uint8 or float, got {array.dtype}")
    with np.errstate(over="ignore"):  # what is too great for float32 becomes infinite and is counted below
        inputs = array.astype(np.float32)
    broken = ~np.isfinite(inputs).all(axis=tuple(range(1, inputs.ndim)))
    if broken.any():
        rows = listed(np.flatnonzero(broken).tolist(), most=3)
        raise InputError(f"{path}: {int(broken.sum())} of {len(inputs)} inputs are not finite: rows {rows}")
    return images(inputs)


def _ids(labels: np.ndarray, classes: tuple[str, ...], path: Path) -> tuple[np.ndarray, tuple[str, ...]]:
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1 or labels.dtype.kind not in "biuU":
        kind = f"{labels.dtype} of shape {labels.shape}"
        raise InputError(f"{path}: targets must be one class id or class name each, got {kind}")
    if labels.dtype.kind != "U":
        return labels.astype(np.int64), classes
    names, ids = np.unique(labels, return_inverse=True)
    used = tuple(str(name) for name in names)
    if not classes:
        return ids.astype(np.int64), used
    if missing := [name for name in used if name not in classes]:
        raise InputError(f"{path}: targets name classes that 'classes' lacks: {listed(missing)}")
    return np.array([classes.index(name) for name in used], np.int64)[ids], classes
