"""Examples as kept tensors, and back. They stay in the form they came in: bytes stay bytes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from onward.content import digests
from onward.types import Data, Examples, Kept

OF_EACH = ("inputs", "targets", "logits")
"""What may be kept of each example, under these names."""


def remembered(data: Data | None) -> Kept:
    """Return examples as tensors that a version can hold: ``inputs`` and ``targets``; of nothing, nothing."""
    if data is None:
        return {}
    if isinstance(data, Examples):
        return {"inputs": data.inputs, "targets": data.targets}
    batch = data.take(torch.arange(len(data)))
    return {"inputs": batch.inputs, "targets": batch.targets}


def recalled(kept: Kept, classes: Sequence[str]) -> Examples | None:
    """Return the kept examples, counted by the model's names; None when there are none.

    A lineage's class ids are append-only, so the targets kept under the parent's names hold under the child's.
    """
    if "inputs" not in kept:
        return None
    return Examples(kept["inputs"], kept["targets"], tuple(classes))


def without(kept: Kept, gone: Data) -> Kept:
    """Return the kept tensors without the examples that have the content of one of ``gone``, whatever their class."""
    if "inputs" not in kept:
        return kept
    held = Examples(kept["inputs"], kept["targets"], tuple(map(str, range(int(kept["targets"].max()) + 1))))
    stays = torch.from_numpy(~np.isin(digests(held), digests(gone)))
    rest = {name: kept[name][stays] for name in OF_EACH if name in kept} if stays.any() else {}
    return {**{name: tensor for name, tensor in kept.items() if name not in OF_EACH}, **rest}
