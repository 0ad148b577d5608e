"""Images as they lie in files: decoded once where they fit in memory, else for each batch."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Protocol

import numpy as np
import torch
from torch import Tensor

from onward.datasets.arrays.paged import Paged
from onward.datasets.arrays.tensors import tensor
from onward.datasets.images.pictures import File, channels, decoded, glance, one_form
from onward.datasets.reading import Reading
from onward.errors import InputError, listed
from onward.transform import ImageTransform, TextTransform
from onward.types import Batch, Data, Examples

BLOCK = 1024
"""Images that are given to the threads at a time."""

Size = tuple[int, int] | None
"""Height and width that a source asks for."""

Reasons = dict[int, str]
"""Why some examples cannot be used, by row."""


class Files(Protocol):
    """Images by row: a list of paths, a column of bytes, an array of pixels."""

    def __len__(self) -> int:
        """Return how many there are."""
        ...

    def __getitem__(self, row: int, /) -> File:
        """Return one."""
        ...


@dataclass(frozen=True, eq=False)
class Pictures:
    """Images that are not decoded yet.

    Args:
        files: each a path, the bytes of a file, or pixels.
        where: the folder or file that holds them.
        paged: the files that ``files`` is a view of.
    """

    files: Files
    where: Path
    paged: tuple[Paged, ...] = ()
    noun: ClassVar = "image"

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.files)

    def name(self, row: int) -> str:
        """Return the name of one for messages: its path in ``where``, or its row."""
        file = self.files[row] if isinstance(self.files, list) else None
        if not isinstance(file, str):
            return f"image {row}"
        return str(Path(file).relative_to(self.where)) if Path(file).is_relative_to(self.where) else file

    def files_of(self, rows: np.ndarray) -> list[str]:
        """Return the path of each of ``rows``, (m,) int64; [] where one has none."""
        files = [self.files[row] for row in rows] if isinstance(self.files, list) else []
        return [file for file in files if isinstance(file, str)]

    def data(
        self, rows: np.ndarray, targets: Tensor, classes: tuple[str, ...], reading: Reading, size: Size
    ) -> tuple[Data, Reasons]:
        """Return examples; see :class:`onward.datasets.raw.Inputs`. Each image is decoded here, to know that it can."""
        if isinstance(reading.transform, TextTransform):
            raise InputError(f"the model takes text, but {self.where} holds none")
        transform = self._transform(rows, reading, size)
        shape = (len(rows), *transform.shape)
        out = np.empty(shape, np.uint8) if math.prod(shape) <= reading.memory else None
        broken = self.decode(rows, transform, reading.workers, out)
        good = np.isin(rows, list(broken), invert=True)
        kept = targets[torch.from_numpy(good)]
        if out is None:
            return Encoded(self, rows[good], kept, classes, transform, reading.workers), broken
        return Examples(tensor(out[good] if broken else out), kept, classes), broken

    def decode(
        self, rows: np.ndarray, transform: ImageTransform, workers: int, out: np.ndarray | None = None
    ) -> Reasons:
        """Decode the images of ``rows``, (m,) int64, in threads.

        Args:
            rows: which.
            transform: what is made of them.
            workers: threads.
            out: where they are put, (m, channels, height, width) uint8; None only tries them.

        Returns:
            Why some cannot be decoded.
        """

        def put(place: int) -> None:
            image = decoded(self.files[rows[place]], transform)
            if out is not None:
                out[place] = image

        reasons = self._tried(put, len(rows), workers)
        return {int(rows[place]): reason for place, reason in reasons.items()}

    def _transform(self, rows: np.ndarray, reading: Reading, size: Size) -> ImageTransform:
        """Return the model's, in another size where one is asked for; without one, what the images are."""
        given = reading.transform
        if isinstance(given, ImageTransform):
            return replace(given, size=size, fit="squash", shorter_side=None) if size else given
        shapes: dict[int, tuple[int, int, int]] = {}

        def look(place: int) -> None:
            shapes[place] = glance(self.files[rows[place]])

        self._tried(look, len(rows), reading.workers)
        if not shapes:
            return ImageTransform(size or (1, 1))  # none can be decoded, in no size
        if size:
            return ImageTransform(size, channels=channels(shapes.values()))
        return one_form({self.name(int(rows[place])): shapes[place] for place in sorted(shapes)}, self.where)

    def _tried(self, work: Callable[[int], None], count: int, workers: int) -> Reasons:
        """Do ``work`` for 0 to ``count`` in threads; Pillow works outside the interpreter's lock."""

        def reason(place: int) -> str:
            try:
                work(place)
            except InputError as error:
                return str(error)
            return ""

        reasons: Reasons = {}
        with ThreadPoolExecutor(workers) as threads:
            for start in range(0, count, BLOCK):
                places = range(start, min(start + BLOCK, count))
                said = zip(places, threads.map(reason, places), strict=True)
                reasons.update({place: why for place, why in said if why})
                for file in self.paged:
                    file.let_go()
        return reasons


@dataclass(frozen=True, eq=False)
class Encoded:
    """Examples whose images stay as they lie and are decoded when they are taken.

    Args:
        pictures: the images.
        rows: of ``pictures``, (n,) int64, each known to be decodable.
        targets: (n,) int64.
        classes: the name of each class id.
        transform: what is made of an image.
        workers: threads that decode.
    """

    pictures: Pictures
    rows: np.ndarray
    targets: Tensor
    classes: tuple[str, ...]
    transform: ImageTransform
    workers: int

    def __len__(self) -> int:
        """Return n."""
        return len(self.rows)

    def take(self, rows: Tensor) -> Batch:
        """Return the examples of ``rows``, (b, channels, height, width) uint8.

        Raises:
            InputError: when a file is no longer what it was.
        """
        out = np.empty((len(rows), *self.transform.shape), np.uint8)
        broken = self.pictures.decode(self.rows[rows.numpy()], self.transform, self.workers, out)
        if broken:
            shown = listed((f"{self.pictures.name(row)} ({why})" for row, why in broken.items()), most=3)
            raise InputError(f"images in {self.pictures.where} have changed since they were looked through: {shown}")
        return Batch(torch.from_numpy(out), self.targets[rows])
