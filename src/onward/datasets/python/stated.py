"""What a map-style data set says of its classes by itself, with no item read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor
from torch.utils.data import ConcatDataset, Subset, TensorDataset

from onward.datasets.python.map_style import TARGETS
from onward.errors import InputError, listed


def labels(values: Any) -> np.ndarray:  # noqa: ANN401 - a user's classes may be anything
    """Return classes, ids or names in whatever they are held, as an array, (n,).

    Raises:
        InputError: when they are not one for each example.
    """
    if isinstance(values, Tensor):
        return values.detach().cpu().numpy()
    if isinstance(values, np.ndarray):
        return values
    try:
        return np.asarray([value.item() if hasattr(value, "item") else value for value in values])
    except (TypeError, ValueError, RuntimeError) as error:
        raise InputError(f"targets must be one class id or class name for each example: {error}") from error


def stated_labels(dataset: Any) -> np.ndarray | None:  # noqa: ANN401
    """Return the class of each item, (n,); None where only the items tell.

    Known are torch's ``TensorDataset``, ``Subset`` and ``ConcatDataset``, the ``targets`` or ``labels`` of
    torchvision's data sets, and the columns of Hugging Face's.
    """
    if isinstance(dataset, Subset):
        inner = stated_labels(dataset.dataset)
        return None if inner is None else inner[np.asarray(dataset.indices, dtype=np.int64)]
    if isinstance(dataset, ConcatDataset):
        parts = [found for part in dataset.datasets if (found := stated_labels(part)) is not None]
        return np.concatenate(parts) if len(parts) == len(dataset.datasets) else None
    if isinstance(dataset, TensorDataset):
        return labels(dataset.tensors[-1])
    if column := _label_column(dataset):
        return np.asarray(dataset.with_format("numpy")[column][:])
    if getattr(dataset, "target_transform", None) is not None:
        return None
    given = getattr(dataset, "targets", getattr(dataset, "labels", None))
    return labels(given) if isinstance(given, Sequence | np.ndarray | Tensor) else None


def stated_names(dataset: Any) -> tuple[str, ...] | None:  # noqa: ANN401
    """Return the name of each class id; None where the data set does not say.

    Raises:
        InputError: when its parts name them differently, or ids of ``class_to_idx`` leave gaps.
    """
    if isinstance(dataset, Subset):
        return stated_names(dataset.dataset)
    if isinstance(dataset, ConcatDataset):
        return _of_parts([stated_names(part) for part in dataset.datasets])
    if column := _label_column(dataset):
        names = getattr(dataset.features[column], "names", None)
        return None if names is None else tuple(names)
    if isinstance(names := getattr(dataset, "classes", None), Sequence):
        return tuple(map(str, names))
    ids = getattr(dataset, "class_to_idx", None)
    if not isinstance(ids, Mapping):
        return None
    if sorted(ids.values()) != list(range(len(ids))):
        raise InputError(f"the ids in class_to_idx must count from 0 without gaps, got {listed(sorted(ids.values()))}")
    return tuple(map(str, sorted(ids, key=ids.__getitem__)))


def _of_parts(parts: Sequence[tuple[str, ...] | None]) -> tuple[str, ...] | None:
    if len(set(parts)) > 1:
        said = " and ".join(dict.fromkeys("none" if part is None else listed(part) for part in parts))
        raise InputError(f"the parts of the data set name the classes differently: {said}")
    return parts[0]


def _label_column(dataset: Any) -> str | None:  # noqa: ANN401
    """Return the column of classes where the data set is a table of Hugging Face's."""
    if not (hasattr(dataset, "column_names") and hasattr(dataset, "features") and hasattr(dataset, "with_format")):
        return None
    return next((key for key in TARGETS if key in dataset.column_names), None)
