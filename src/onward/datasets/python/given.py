"""What people hold examples in, as Data: arrays, torch's data sets and loaders, Hugging Face's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    default_collate,
    default_convert,
)

from onward.content import of_each
from onward.datasets.arrays.numbers import Numbers, OnDisk
from onward.datasets.arrays.paged import Paged
from onward.datasets.arrays.tensors import images, tensor
from onward.datasets.labels import Labels
from onward.datasets.python.map_style import Items, MapStyle, numbers
from onward.datasets.python.stated import labels, stated_labels, stated_names
from onward.errors import InputError, listed
from onward.rng import isolated
from onward.types import Data, Examples, check_targets

PROBED = 8
"""Items that are read twice at once, to see whether they are the same each time."""


def data(given: object, classes: Sequence[str] | None = None, targets: object = None) -> Data:
    """Return examples as ``onward.update`` and ``onward.judge`` take them.

    Args:
        given: an array or a tensor of inputs, (n, *shape), of which a memory-mapped one stays in its file; a map-style
            data set, torch's or any other, whose items are (x, y) or dicts; a DataLoader, of which the data set and
            ``collate_fn`` are taken, not the order; a ``datasets.Dataset`` of Hugging Face; or Data, which is
            returned as it is.
        classes: the name of each class id; None takes those that ``given`` states, else the digits of the ids.
        targets: the class of each example of an array, (n,) ids or names.

    Raises:
        InputError: when it is none of these, its parts do not fit one another, or its items are drawn at random.

    >>> some = data(np.zeros((3, 28, 28), np.uint8), ["cat", "dog"], targets=[0, 1, 1])
    >>> len(some), tuple(some.inputs.shape), some.classes
    (3, (3, 1, 28, 28), ('cat', 'dog'))
    """
    names = None if classes is None else tuple(classes)
    if isinstance(given, np.ndarray | Tensor):
        return _of_arrays(given, targets, names)
    if targets is not None:
        raise InputError(f"targets go with an array of inputs; a {type(given).__name__} brings its own")
    if isinstance(given, Data):
        _agreed(names, given.classes)
        return given
    dataset, collate = _unloaded(given)
    _refuse(dataset)
    if isinstance(dataset, TensorDataset) and collate is None and len(dataset.tensors) == 2:
        inputs, classes_of = dataset.tensors
        return Examples(inputs, *_counted(labels(classes_of), names))
    return _mapped(Items(dataset, collate), names)


def _of_arrays(inputs: np.ndarray | Tensor, targets: object, names: tuple[str, ...] | None) -> Data:
    if targets is None:
        raise InputError("an array of inputs needs the class of each: data(x, targets=y)")
    if isinstance(inputs, np.memmap) and inputs.mode in ("r", "r+"):
        return _on_disk(inputs, *_counted(labels(targets), names))
    array = inputs.detach().cpu().numpy() if isinstance(inputs, Tensor) else numbers(inputs)
    if array.ndim < 2:
        raise InputError(f"inputs must have a row for each example, got shape {array.shape}")
    return Examples(tensor(images(array)), *_counted(labels(targets), names))


def _on_disk(inputs: np.memmap, targets: Tensor, classes: tuple[str, ...]) -> OnDisk:
    Examples(torch.empty(len(inputs), 0), targets, classes)  # holds them to one another
    memory: Any = inputs.base
    while isinstance(memory, np.ndarray):  # a slice of a mapped array, whose file's memory lies below
        memory = memory.base
    held = Numbers(inputs, Path(inputs.filename or "an array in a file"), Paged(memory))
    return OnDisk(held, np.arange(len(inputs)), targets, classes)


def _unloaded(given: object) -> tuple[Any, Callable[[list[Any]], Any] | None]:
    """Return the data set of a loader, and its own way of making a batch of items; anything else as it is."""
    if not isinstance(given, DataLoader):
        return given, None
    collate = None if given.collate_fn in (default_collate, default_convert) else given.collate_fn
    batches = given.batch_sampler
    sampler = batches.sampler if type(batches) is BatchSampler else given.sampler if batches is None else batches
    if isinstance(given.dataset, IterableDataset) or type(sampler) in (SequentialSampler, RandomSampler):
        return given.dataset, collate
    if type(sampler) is SubsetRandomSampler:
        return Subset(given.dataset, list(sampler.indices)), collate
    raise InputError(
        f"the DataLoader draws by a {type(sampler).__name__}, which does not say which examples it has; give its "
        "dataset, or a torch.utils.data.Subset of it"
    )


def _refuse(dataset: object) -> None:
    """Refuse what has no items that can be asked for by number."""
    kind = type(dataset).__name__
    if isinstance(dataset, str | Path):
        raise InputError(f"{str(dataset)!r} is the name of a place; onward.read(...) reads what lies there")
    if isinstance(dataset, Mapping):
        held = listed(map(repr, dataset))
        raise InputError(
            f"wanted one data set, got {kind} of {held}; give one of them, or arrays as data(x, targets=y)"
        )
    if isinstance(dataset, IterableDataset) or not (hasattr(dataset, "__len__") and hasattr(dataset, "__getitem__")):
        raise InputError(
            "wanted an array with targets, or a map-style data set, which has a length and gives an item for each "
            f"number, got {kind}"
        )


def _mapped(items: Items, names: tuple[str, ...] | None) -> MapStyle:
    n = len(items)
    if not n:
        raise InputError("the data set is empty")
    rows = torch.linspace(0, n - 1, min(n, PROBED)).long()
    inputs, seen = _steady(items, rows.tolist())
    classes_of = stated_labels(items.dataset)
    if classes_of is not None and len(classes_of) != n:
        raise InputError(f"the data set has {n} items but {len(classes_of)} targets; give one target for each item")
    if classes_of is None or not np.array_equal(classes_of[rows.numpy()], seen):  # a transform may change classes
        classes_of = np.concatenate([labels(items.fetch(some.tolist())[1]) for some in torch.arange(n).split(512)])
    targets, named = _counted(classes_of, _agreed(names, stated_names(items.dataset)))
    check_targets(targets, named)
    return MapStyle(items, targets, named, inputs[0])


def _steady(items: Items, rows: list[int]) -> tuple[Tensor, np.ndarray]:
    """Return some items' inputs and classes.

    Raises:
        InputError: when they come out otherwise at a second reading: the same update needs the same examples.
    """
    (inputs, classes_of), (again, _) = [_read(items, rows, seed) for seed in (0, 1)]
    differs = of_each(inputs) != of_each(again)
    if differs.any():
        raise InputError(
            f"item {rows[int(differs.argmax())]} of the data set is another each time it is read. Take out what is "
            'drawn at random; augmentation is a setting of the update: augment = ["flip", "crop", "cutout"]'
        )
    return inputs, classes_of


def _read(items: Items, rows: list[int], seed: int) -> tuple[Tensor, np.ndarray]:
    with isolated(seed, "items"):
        inputs, classes_of = items.fetch(rows)
    return inputs, labels(classes_of)


def _counted(classes_of: np.ndarray, names: tuple[str, ...] | None) -> tuple[Tensor, tuple[str, ...]]:
    ids, named = Labels.of(classes_of).numbered(names or ())
    return torch.from_numpy(ids), named


def _agreed(given: tuple[str, ...] | None, own: tuple[str, ...] | None) -> tuple[str, ...] | None:
    if given is not None and own is not None and given != own:
        raise InputError(
            f"the argument classes says {listed(given)}; the data set itself says {listed(own)}. Leave the argument "
            "out, or mend the data set"
        )
    return own if given is None else given
