"""The IDX layout of MNIST and its family: ``train-images-idx3-ubyte`` and its three siblings, gzipped or not.

A file is two zero bytes, a type code (8: unsigned byte), the number of axes, each axis as a big-endian 32-bit
integer, and then the values (LeCun, Cortes and Burges, "The MNIST database of handwritten digits").
"""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path

import numpy as np

from onward.datasets.arrays.tensors import tensor
from onward.datasets.published.part import Part
from onward.errors import InputError

PREFIX = {"train": "train", "test": "t10k"}
MOST_INFLATED = 1032
"""Deflate cannot make more bytes than this from one, so a header that announces more is a lie."""


def holds(folder: Path, split: str) -> bool:
    """Return whether ``folder`` has the images of ``split``."""
    return split in PREFIX and _found(folder, split, "images", 3) is not None


def read(folder: Path, split: str) -> Part:
    """Return ``split``, images as (n, 1, height, width).

    Raises:
        InputError: when a file is missing, cut, or not an IDX file of unsigned bytes.
    """
    pictures, labels = _found(folder, split, "images", 3), _found(folder, split, "labels", 1)
    if pictures is None or labels is None:
        missing, there = ("labels", pictures) if pictures else ("images", labels)
        raise InputError(f"the {split} part in {folder} lacks its {missing}: there is only {there}")
    inputs, ids = values(pictures, axes=3)[:, None], values(labels, axes=1).astype(np.int64)
    return Part(tensor(inputs), tensor(ids), (), folder)


def values(path: Path, axes: int) -> np.ndarray:
    """Return what one IDX file holds, uint8 of ``axes`` axes.

    Raises:
        InputError: when it is not such a file, or its length is not what its header announces.
    """
    packed = path.suffix == ".gz"
    try:
        with gzip.open(path) if packed else path.open("rb") as file:
            header = file.read(4 + 4 * axes)
            if len(header) < 4 + 4 * axes or header[:4] != bytes([0, 0, 8, axes]):
                raise InputError(f"{path} is no IDX file of bytes on {axes} axes: it starts {header[:4]!r}")
            shape = [int.from_bytes(header[4 * k : 4 * k + 4], "big") for k in range(1, axes + 1)]
            announced, size = math.prod(shape), path.stat().st_size
            if announced > size * (MOST_INFLATED if packed else 1):
                raise InputError(f"{path} announces {announced} values, more than its {size} bytes can hold")
            held = file.read(announced + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path} cannot be read: {error}. Copy or fetch it again.") from error
    if len(held) != announced:
        came = "more" if len(held) > announced else str(len(held))
        raise InputError(f"{path} announces {announced} values but holds {came}. Copy or fetch it again.")
    return np.frombuffer(held, np.uint8).reshape(shape)


def _found(folder: Path, split: str, what: str, axes: int) -> Path | None:
    stems = (f"{PREFIX[split]}-{what}{joint}idx{axes}-ubyte" for joint in "-.")
    paths = (folder / f"{stem}{end}" for stem in stems for end in ("", ".gz"))
    return next((path for path in paths if path.is_file()), None)
