"""NumPy's format of one array, in a file of its own or in an archive. An array of objects is a pickle, and refused."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from onward.datasets.arrays.paged import Paged
from onward.errors import InputError


@dataclass(frozen=True)
class Header:
    """What stands before an array's values. start: where they begin, bytes from the start of the array's file."""

    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype
    start: int

    @property
    def bytes(self) -> int:
        """Return how many bytes the values take."""
        return math.prod(self.shape) * self.dtype.itemsize

    def paged(self, memory: Paged, offset: int) -> np.ndarray:
        """Return the array that lies ``offset`` bytes into a file, where it is."""
        return memory.array(self.dtype, self.shape, offset + self.start, self.fortran)


def header(file: IO[bytes], length: int, name: str) -> Header:
    """Read an array's header, and hold it to what follows before memory is taken.

    Args:
        file: at the start of the array.
        length: bytes of the array, header included.
        name: of the array, for messages.

    Raises:
        InputError: when the array is of objects, or the header announces other than what follows.
    """
    form = np.lib.format
    version = form.read_magic(file)
    if version not in ((1, 0), (2, 0)):
        raise InputError(f"{name!r} is in format {version}; only plain numbers and text are read")
    read = form.read_array_header_1_0 if version == (1, 0) else form.read_array_header_2_0
    found = Header(*read(file), file.tell())
    if found.dtype.hasobject:
        raise InputError(f"{name!r} holds Python objects, which only a pickle can; save it as numbers or text")
    if found.bytes != length - found.start:
        raise InputError(f"{name!r} announces {found.bytes} bytes of values but holds {length - found.start}")
    return found


def read(path: Path, memory: int) -> tuple[np.ndarray, Paged | None]:
    """Return the array in a ``.npy`` file, and the file as memory where the array is larger than ``memory`` bytes.

    Raises:
        InputError: when it is cut or hostile.
    """
    try:
        with path.open("rb") as file:
            found = header(file, path.stat().st_size, path.name)
            if found.bytes > memory:
                paged = Paged.of(file)
                return found.paged(paged, 0), paged
        return np.load(path, allow_pickle=False), None
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except Exception as error:  # on bytes that lie, numpy raises nearly anything
        raise InputError(f"{path} cannot be read: {error}. Copy or make it again.") from error
