"""Arrays that stay in a file: seen as memory, page by page as they are touched, and let go of again."""

from __future__ import annotations

import math
import mmap
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from onward.errors import InputError


@dataclass(frozen=True, eq=False)
class Paged:
    """A file as memory. The system keeps its pages as it sees fit; :meth:`let_go` takes them off this process."""

    memory: mmap.mmap

    @classmethod
    def of(cls, file: BinaryIO) -> Paged:
        """Return an open file as memory; it may be closed, and removed, afterwards.

        Raises:
            OSError: when it cannot be mapped.
            ValueError: when it is empty.
        """
        return cls(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))

    @classmethod
    def at(cls, path: Path) -> Paged:
        """Return the file at ``path`` as memory; see :meth:`of`."""
        with path.open("rb") as file:
            return cls.of(file)

    def array(self, dtype: np.dtype, shape: tuple[int, ...], offset: int = 0, fortran: bool = False) -> np.ndarray:
        """Return the array that starts ``offset`` bytes into the file; nothing is read yet.

        Raises:
            TypeError: when the file is too short for it.
        """
        return np.ndarray(shape, dtype, self.memory, offset, order="F" if fortran else "C")

    def let_go(self) -> None:
        """Give the touched pages back to the system: what a process holds stays flat however much it has read."""
        if hasattr(mmap, "MADV_DONTNEED"):
            self.memory.madvise(mmap.MADV_DONTNEED)


class Growing:
    """An array that comes piece by piece: held in memory up to a limit, beyond it in a temporary file."""

    def __init__(self, memory: int) -> None:
        """Start with nothing. memory: bytes."""
        self._memory = memory
        self._pieces: list[np.ndarray] = []
        self._bytes = 0
        self._file: BinaryIO | None = None

    def add(self, piece: np.ndarray) -> None:
        """Append rows, (b, *shape), of the shape and type of all others.

        Raises:
            InputError: when their shape is another, or there is no room for the temporary file.
        """
        if self._pieces and self._pieces[0].shape[1:] != piece.shape[1:]:
            raise InputError(f"inputs must have one shape, got {self._pieces[0].shape[1:]} and {piece.shape[1:]}")
        self._pieces.append(piece)
        self._bytes += piece.nbytes
        if self._bytes > self._memory:
            self._write()

    def done(self) -> tuple[np.ndarray, Paged | None]:
        """Return the array, and the temporary file in which it lies, if it does; the file goes with the process."""
        if self._file is None:
            return np.concatenate(self._pieces) if self._pieces else np.empty((0, 1), np.float32), None
        self._write()
        with self._file as file:
            paged = Paged.of(file)
        form = self._pieces[0]
        rows = self._bytes // (form.dtype.itemsize * math.prod(form.shape[1:]))
        return paged.array(form.dtype, (rows, *form.shape[1:])), paged

    def _write(self) -> None:
        self._file = self._file or temporary()
        try:
            for piece in self._pieces:
                self._file.write(piece.tobytes())
            self._file.flush()
        except OSError as error:
            raise no_room(error) from error
        self._pieces = [self._pieces[0][:0].copy()]  # its form stays, its memory does not


def temporary() -> BinaryIO:
    """Open a file for what does not fit in memory; nothing of it is left when the process ends.

    Raises:
        InputError: when there is nowhere to put it.
    """
    try:
        return cast(BinaryIO, tempfile.TemporaryFile(prefix="onward-"))
    except OSError as error:
        raise no_room(error) from error


def no_room(error: OSError) -> InputError:
    """Return the error for a temporary file that could not be written."""
    return InputError(
        f"what does not fit in memory goes to a temporary file, which failed: {error}. "
        "Name a folder with more room in the environment variable TMPDIR."
    )
