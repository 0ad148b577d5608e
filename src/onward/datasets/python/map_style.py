"""Map-style data sets: whatever has a length and gives an item for a number. Items are fetched for each batch."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import numpy as np
import torch
from torch import Tensor

from onward.datasets.arrays.tensors import images, tensor
from onward.datasets.images.pictures import pixels
from onward.errors import InputError, listed
from onward.types import Batch

INPUTS = ("image", "img", "pixel_values", "x", "input", "inputs", "input_ids")
"""The keys under which items that are dicts hold their input; the first that is there counts."""

TARGETS = ("label", "labels", "y", "target", "targets", "fine_label")
"""The keys under which they hold their class."""


@dataclass(frozen=True, eq=False)
class Items:
    """The items of a map-style data set, fetched by one thread at a time, for it need not allow for more.

    Args:
        dataset: has a length and gives an item for a number: (x, y), or a dict with one of ``INPUTS`` and one of
            ``TARGETS``. An x is a tensor, an array, numbers, or an image of Pillow's.
        collate: makes a batch of a list of items, as a DataLoader's ``collate_fn``; None stacks them.
    """

    dataset: Any
    collate: Callable[[list[Any]], Any] | None = None
    lock: Lock = field(default_factory=Lock, repr=False)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.dataset)

    def fetch(self, rows: Sequence[int]) -> tuple[Tensor, Any]:
        """Return the inputs of some items, (b, *shape), and their classes as the data set gives them.

        Raises:
            InputError: naming the item that cannot be read, or is not what an item should be.
        """
        with self.lock:
            items = self._items(rows)
            if self.collate is None:
                pairs = [pair(item, f"item {row}") for row, item in zip(rows, items, strict=True)]
                return stacked([x for x, _ in pairs], rows), [y for _, y in pairs]
            try:
                batch = self.collate(items)
            except Exception as error:  # a user's function may raise anything
                raise InputError(f"collate_fn fails on the items {listed(rows, most=5)}: {told(error)}") from error
        inputs, targets = pair(batch, "what collate_fn makes of items")
        if not isinstance(inputs, Tensor) or len(inputs) != len(rows):
            kind = form(inputs) if isinstance(inputs, Tensor) else type(inputs).__name__
            raise InputError(f"collate_fn makes inputs of {kind} of {len(rows)} items; wanted a tensor, a row for each")
        return inputs, targets

    def _items(self, rows: Sequence[int]) -> list[Any]:
        together = getattr(self.dataset, "__getitems__", None)  # torch's own name for it
        if together is not None:
            try:
                return list(together(list(rows)))
            except Exception:  # one by one it comes out which of them it was
                return [self._item(row) for row in rows]
        return [self._item(row) for row in rows]

    def _item(self, row: int) -> Any:  # noqa: ANN401 - a user's item may be anything
        try:
            return self.dataset[row]
        except Exception as error:
            raise InputError(f"item {row} of the data set cannot be read: {told(error)}") from error


@dataclass(frozen=True, eq=False)
class MapStyle:
    """A map-style data set as Data.

    Args:
        items: each the same whenever it is fetched.
        targets: (n,) int64.
        classes: the name of each class id.
        first: the input of the first; all come in its shape and type.
    """

    items: Items
    targets: Tensor
    classes: tuple[str, ...]
    first: Tensor = field(repr=False)

    def __len__(self) -> int:
        """Return n."""
        return len(self.targets)

    def take(self, rows: Tensor) -> Batch:
        """Return the examples of ``rows``.

        Raises:
            InputError: naming the item that cannot be used.
        """
        if not len(rows):
            return Batch(self.first.new_empty(0, *self.first.shape), self.targets[rows])
        inputs, _ = self.items.fetch(rows.tolist())
        if (inputs.shape[1:], inputs.dtype) != (self.first.shape, self.first.dtype):
            asked = listed(rows.tolist(), most=3)
            raise InputError(
                f"items {asked} of the data set come as inputs of {form(inputs[0])}, the first came as "
                f"{form(self.first)}; bring them to one form"
            )
        return Batch(inputs, self.targets[rows])


def pair(item: object, what: str) -> tuple[Any, Any]:
    """Return the input and the class of an item, or of a batch.

    Raises:
        InputError: when it has no such two parts; ``what`` it is stands in the message.
    """
    if isinstance(item, Mapping):
        x, y = (next((key for key in known if key in item), None) for known in (INPUTS, TARGETS))
        if x is not None and y is not None:
            return item[x], item[y]
    elif isinstance(item, tuple | list) and len(item) == 2:
        return item[0], item[1]
    kind = type(item).__name__
    if isinstance(item, Mapping):
        kind += f" of {listed(item)}"
    elif isinstance(item, tuple | list):
        kind += f" of {len(item)}"
    known = f"one of {listed(INPUTS)} and one of {listed(TARGETS)}"
    raise InputError(f"{what} of the data set must be (x, y), or a dict with {known}, got {kind}")


def stacked(inputs: Sequence[object], rows: Sequence[int]) -> Tensor:
    """Return the inputs of items as one tensor.

    Raises:
        InputError: naming the first that is none, or is of another shape or type than the first.
    """
    tensors = []
    for row, x in zip(rows, inputs, strict=True):
        try:
            tensors.append(as_tensor(x))
        except Exception as error:  # an image may be cut, an array of anything
            raise InputError(f"item {row} of the data set has no input that can be used: {told(error)}") from error
        if (tensors[-1].shape, tensors[-1].dtype) != (tensors[0].shape, tensors[0].dtype):
            forms = f"{form(tensors[-1])}, item {rows[0]} one of {form(tensors[0])}"
            raise InputError(f"item {row} of the data set has an input of {forms}; bring them to one form")
    return torch.stack(tensors)


def as_tensor(x: object) -> Tensor:
    """Return one input as a tensor; images as (channels, height, width).

    Raises:
        InputError: when it holds no numbers that a model can take.
    """
    if isinstance(x, Tensor):
        return x
    pillow = sys.modules.get("PIL.Image")  # which is there if x is an image of its
    if pillow is not None and isinstance(x, pillow.Image):
        return tensor(pixels(x))
    return tensor(images(numbers(np.asarray(x))[None]))[0]


def numbers(array: np.ndarray) -> np.ndarray:
    """Return numbers as models take them: float32 for floats, whole numbers as they are.

    Raises:
        InputError: for anything else.
    """
    if array.dtype.kind == "f":
        return array.astype(np.float32, copy=False)
    if array.dtype not in (np.uint8, np.int32, np.int64):
        raise InputError(f"inputs must be uint8, int32, int64 or float, got {array.dtype}")
    return array


def form(inputs: Tensor) -> str:
    """Return shape and type, for messages."""
    return f"{tuple(inputs.shape)} {str(inputs.dtype).removeprefix('torch.')}"


def told(error: Exception) -> str:
    """Return what another's error says, as one line."""
    first = str(error).partition("\n")[0]
    return f"{type(error).__name__}: {first}" if not isinstance(error, InputError) else first
