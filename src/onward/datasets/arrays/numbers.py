"""Inputs that are arrays already: in memory, or in a file where they stay when they do not fit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from onward.datasets.arrays.paged import Paged
from onward.datasets.arrays.tensors import images, tensor
from onward.datasets.images.encoded import Pictures, Reasons, Size
from onward.datasets.reading import Reading
from onward.errors import InputError
from onward.transform import ImageTransform, TextTransform
from onward.types import Batch, Data, Examples

BLOCK = 2**24
"""Bytes that are looked through at a time."""


@dataclass(frozen=True, eq=False)
class Numbers:
    """An array of inputs.

    Args:
        values: (n, *shape), as it lies.
        where: the file that holds it.
        paged: that file as memory, when ``values`` is a view of it.
        missing: (n,) bool, the rows in which a value is missing; None where that is said by NaN alone.
        tokens: whether they are token ids, which stay whole numbers.
    """

    values: np.ndarray
    where: Path
    paged: Paged | None = None
    missing: np.ndarray | None = None
    tokens: bool = False
    noun: ClassVar = "row"

    def __post_init__(self) -> None:
        """Refuse what are no inputs."""
        if self.values.ndim < 2:
            raise InputError(f"inputs must have a row for each example, got shape {self.values.shape}")
        if self.values.dtype.kind not in "iuf":
            raise InputError(f"inputs must be uint8 or float, got {self.values.dtype}")

    @property
    def dtype(self) -> np.dtype:
        """Return the type in which the model gets them."""
        if self.tokens:
            return np.dtype(np.int32)
        return np.dtype(np.uint8 if self.values.dtype == np.uint8 else np.float32)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.values)

    def name(self, row: int) -> str:
        """Return the name of one for messages: its row."""
        return f"row {row}"

    def files_of(self, rows: np.ndarray) -> tuple[str, ...]:
        """Return no file: the rows lie in one."""
        return ()

    def data(
        self, rows: np.ndarray, targets: Tensor, classes: tuple[str, ...], reading: Reading, size: Size
    ) -> tuple[Data, Reasons]:
        """Return examples; see :class:`onward.datasets.raw.Inputs`."""
        if isinstance(reading.transform, TextTransform) and not self.tokens:
            raise InputError(f"the model takes text, but {self.where} holds none")
        if self._to_be_resized(reading, size):
            pictures = Pictures(images(self.values), self.where, (self.paged,) if self.paged else ())
            return pictures.data(rows, targets, classes, reading, size)
        wanted = len(rows) * self.dtype.itemsize * int(np.prod(self.values.shape[1:]))
        held = None if self.paged and wanted > reading.memory else self._held(rows)
        good = self._usable(rows, held)
        broken = dict.fromkeys(rows[~good].tolist(), "not finite, or missing")
        kept = targets[torch.from_numpy(good)]
        if held is None:
            return OnDisk(self, rows[good], kept, classes), broken
        return Examples(tensor(images(held[good] if broken else held)), kept, classes), broken

    def given(self, rows: np.ndarray) -> np.ndarray:
        """Return the inputs of ``rows``, (b,) int64, as the model gets them: a copy."""
        return images(self._held(rows))

    def _to_be_resized(self, reading: Reading, size: Size) -> bool:
        if self.values.dtype != np.uint8 or self.values.ndim not in (3, 4):
            return False
        held = images(self.values[:0]).shape[1:]
        if isinstance(reading.transform, ImageTransform):
            return held != (reading.transform.channels, *(size or reading.transform.size))
        return size is not None and held[1:] != size

    def _held(self, rows: np.ndarray) -> np.ndarray:
        every = len(rows) == len(self.values) and np.array_equal(rows, np.arange(len(rows)))
        values = self.values if every and not self.paged else self.values[rows]
        with np.errstate(over="ignore"):  # what is too great for float32 becomes infinite and is counted
            held = values.astype(self.dtype, copy=False)
        if self.paged:
            self.paged.let_go()
        return held

    def _usable(self, rows: np.ndarray, held: np.ndarray | None) -> np.ndarray:
        """Return which of ``rows`` have all their values, and only finite ones, (m,) bool."""
        good = np.ones(len(rows), bool) if self.missing is None else ~self.missing[rows]
        if self.dtype.kind == "f":
            for part in self._blocks(len(rows)):
                values = self._held(rows[part]) if held is None else held[part]
                good[part] &= np.isfinite(values).reshape(len(values), -1).all(axis=1)
        return good

    def _blocks(self, count: int) -> Iterator[slice]:
        size = max(1, BLOCK // max(1, self.values[:1].nbytes))
        yield from (slice(start, start + size) for start in range(0, count, size))


@dataclass(frozen=True, eq=False)
class OnDisk:
    """Examples whose inputs stay in their file; a batch copies its rows.

    Args:
        inputs: an array in a file.
        rows: of ``inputs``, (n,) int64.
        targets: (n,) int64.
        classes: the name of each class id.
    """

    inputs: Numbers
    rows: np.ndarray
    targets: Tensor
    classes: tuple[str, ...]

    def __len__(self) -> int:
        """Return n."""
        return len(self.rows)

    def take(self, rows: Tensor) -> Batch:
        """Return the examples of ``rows``."""
        return Batch(tensor(self.inputs.given(self.rows[rows.numpy()])), self.targets[rows])
