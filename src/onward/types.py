"""Examples and what a method keeps. Tensors only; knows nobody.

Letters, here and everywhere: n examples, b of a batch, d features, c classes, t experiences.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from onward.ahead import ahead
from onward.errors import InputError, listed, repeated

Kept = Mapping[str, Tensor]
"""What a method carries to the next update: flat, tensors only."""


@dataclass(frozen=True, eq=False)
class Batch:
    """Some examples, as tensors. inputs: (b, *shape) uint8 or float; targets: (b,) int64."""

    inputs: Tensor
    targets: Tensor


@runtime_checkable
class Data(Protocol):
    """Labelled examples, wherever they lie.

    ``targets`` is (n,) int64; target ``k`` means the class named ``classes[k]``. ``classes`` may name more
    classes than there are examples of.
    """

    @property
    def targets(self) -> Tensor:
        """Return the class ids, (n,) int64."""
        ...

    @property
    def classes(self) -> tuple[str, ...]:
        """Return the name of each class id."""
        ...

    def __len__(self) -> int:
        """Return n."""
        ...

    def take(self, rows: Tensor) -> Batch:
        """Return the examples of ``rows``, (b,) int64, in that order; several threads may ask at once."""
        ...


@dataclass(frozen=True, eq=False)
class Examples:
    """Examples held in memory: the fast path, a batch is one indexing of a tensor.

    Args:
        inputs: (n, *shape), uint8 or float; images are (n, channels, height, width).
        targets: (n,) int64, each in [0, len(classes)).
        classes: the name of each class id, no two the same.

    Raises:
        InputError: when the parts do not fit one another.
    """

    inputs: Tensor
    targets: Tensor
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        """Check that the parts fit."""
        if len(self.inputs) != len(self.targets):
            counts = f"{len(self.inputs)} inputs but {len(self.targets)} targets"
            raise InputError(f"there are {counts}; give one target for each input")
        check_targets(self.targets, self.classes)

    def __len__(self) -> int:
        """Return n."""
        return len(self.targets)

    def take(self, rows: Tensor) -> Batch:
        """Return the examples of ``rows``."""
        return Batch(self.inputs[rows], self.targets[rows])

    def to(self, device: str | torch.device) -> Examples:
        """Return the examples on ``device``; the same object when they are there."""
        if self.inputs.device == torch.device(device):
            return self
        return replace(self, inputs=self.inputs.to(device), targets=self.targets.to(device))


def check_targets(targets: Tensor, classes: Sequence[str]) -> None:
    """Refuse targets that are no class ids of ``classes``; the message counts and shows what does not fit."""
    n, c = len(targets), len(classes)
    if targets.dtype != torch.int64 or targets.ndim != 1:
        kind = f"{targets.dtype} of shape {tuple(targets.shape)}"
        raise InputError(f"targets must be a vector of int64 class ids, got {kind}")
    if twice := repeated(classes):
        raise InputError(f"class names must differ from one another; these come twice: {listed(twice)}")
    wrong = (targets < 0) | (targets >= c)
    if wrong.any():
        values = listed(sorted(set(targets[wrong].tolist())), most=5)
        raise InputError(
            f"{int(wrong.sum())} of {n} targets are out of range: {values}; with {c} class names "
            f"they must lie in [0, {c}). Add the missing names or mend the targets."
        )


@dataclass(frozen=True, eq=False)
class View:
    """Some rows of data that stay where they lie, under targets and names of its own. rows: (n,) int64."""

    data: Data
    rows: Tensor
    targets: Tensor
    classes: tuple[str, ...]

    def __len__(self) -> int:
        """Return n."""
        return len(self.rows)

    def take(self, rows: Tensor) -> Batch:
        """Return the examples of ``rows``."""
        return Batch(self.data.take(self.rows[rows]).inputs, self.targets[rows])


@dataclass(frozen=True, eq=False)
class Joined:
    """Several data sets one after another, under the same class names."""

    parts: tuple[Data, ...]
    targets: Tensor
    classes: tuple[str, ...]

    def __len__(self) -> int:
        """Return n."""
        return len(self.targets)

    def take(self, rows: Tensor) -> Batch:
        """Return the examples of ``rows``, each from the part it lies in."""
        pieces, places, start = [], [], 0
        for part in self.parts:
            here = ((rows >= start) & (rows < start + len(part))).nonzero()[:, 0]
            if len(here):
                pieces.append(part.take(rows[here] - start).inputs)
                places.append(here)
            start += len(part)
        if not pieces:
            return self.parts[0].take(rows)
        inputs = torch.cat(pieces)
        inputs[torch.cat(places)] = inputs.clone()
        return Batch(inputs, self.targets[rows])


def subset(data: Data, rows: Tensor) -> Data:
    """Return the given rows of ``data``, (m,) int64; copied when they lie in memory, else viewed."""
    if isinstance(data, Examples):
        return Examples(data.inputs[rows], data.targets[rows], data.classes)
    if isinstance(data, View):
        return View(data.data, data.rows[rows], data.targets[rows], data.classes)
    return View(data, rows, data.targets[rows], data.classes)


def present(data: Data) -> tuple[str, ...]:
    """Return the names of the classes that ``data`` has examples of, in the order of its class ids."""
    return tuple(data.classes[k] for k in torch.unique(data.targets).tolist())


def shape_of(data: Data) -> tuple[int, ...]:
    """Return the shape of one input."""
    return tuple(data.take(torch.zeros(1, dtype=torch.int64)).inputs.shape[1:])


def counted_by(data: Data, classes: Sequence[str]) -> Tensor:
    """Return the targets as places in ``classes``, (n,) int64; -1 where it does not name the class."""
    place = {name: k for k, name in enumerate(classes)}
    lookup = torch.tensor([place.get(name, -1) for name in data.classes], dtype=torch.int64)
    return lookup.to(data.targets.device)[data.targets]


def known_as(data: Data, aliases: Mapping[str, str]) -> Data:
    """Return ``data`` with each class under the name that it is known by; two under one name become one class.

    Args:
        data: any examples.
        aliases: other names, each with the class it means.
    """
    names = [aliases.get(name, name) for name in data.classes]
    if tuple(names) == data.classes:
        return data
    once = tuple(dict.fromkeys(names))
    lookup = torch.tensor([once.index(name) for name in names], dtype=torch.int64).to(data.targets.device)
    return retargeted(data, lookup[data.targets], once)


def retargeted(data: Data, targets: Tensor, classes: tuple[str, ...]) -> Data:
    """Return the examples of ``data`` under other targets, (n,) int64, that count other names."""
    if isinstance(data, Examples):
        return Examples(data.inputs, targets, classes)
    rows = data.rows if isinstance(data, View) else torch.arange(len(data))
    return View(data.data if isinstance(data, View) else data, rows, targets, classes)


def aligned(data: Data, classes: Sequence[str]) -> Data:
    """Return ``data`` with its targets counted by ``classes``, a model's names.

    Raises:
        InputError: when ``data`` has examples of a class that ``classes`` does not name.
    """
    names = tuple(classes)
    if data.classes == names:
        return data
    missing = [name for name in present(data) if name not in names]
    if missing:
        raise InputError(f"the data has classes that the model does not know: {listed(missing)}")
    return retargeted(data, counted_by(data, names), names)


def joined(first: Data, *others: Data) -> Data:
    """Return the examples of all, one after another; in memory when all of them are and their shapes agree.

    Raises:
        InputError: when their class names differ: align them first.
    """
    every = (first, *(data for data in others if len(data)))
    if len(every) == 1:
        return first
    if any(data.classes != first.classes for data in every):
        raise InputError("data under different class names cannot be joined; align them to one model's names first")
    targets = torch.cat([data.targets for data in every])
    held = [data.inputs for data in every if isinstance(data, Examples)]
    kinds = {(inputs.shape[1:], inputs.dtype) for inputs in held}
    if len(kinds) > 1:
        shapes = listed(f"{tuple(shape)} {str(dtype).removeprefix('torch.')}" for shape, dtype in kinds)
        raise InputError(f"examples of different shape or type cannot be mixed: {shapes}; bring them to one form first")
    if len(held) == len(every):
        return Examples(torch.cat(held), targets, first.classes)
    return Joined(every, targets, first.classes)


def in_order(data: Data, size: int = 512) -> Iterator[Batch]:
    """Yield all of ``data`` in order, ``size`` examples at a time; read ahead where it does not lie in memory."""
    batches = (data.take(rows) for rows in torch.arange(len(data)).split(size))
    yield from batches if isinstance(data, Examples) or len(data) <= size else ahead(batches)
