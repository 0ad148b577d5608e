"""One part of a data set, as a layout gives it, before it is known to fit together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from onward.errors import InputError
from onward.types import Examples

CHANNELS = (1, 3, 4)
"""The counts of channels by which an image's last axis is recognised as its channels."""

MOST_UNNAMED = 10_000
"""Class ids without names must stay below this; a greater one is more likely not a class id at all."""


@dataclass(frozen=True, eq=False)
class Part:
    """Inputs and targets read from one place.

    Args:
        inputs: (n, *shape), uint8 or float32; images are (n, channels, height, width).
        targets: (n,) int64.
        classes: the name of each class id; empty where the layout records none.
        where: the file or folder, for messages.
    """

    inputs: Tensor
    targets: Tensor
    classes: tuple[str, ...]
    where: Path

    def examples(self, classes: tuple[str, ...] = ()) -> Examples:
        """Return the examples under ``classes``, else under the names read with them, else under their ids.

        Raises:
            InputError: when there are none, or inputs, targets and names do not fit one another.
        """
        if not len(self.targets):
            raise InputError(f"{self.where} holds no examples")
        try:
            return Examples(self.inputs, self.targets, classes or self.classes or self._ids())
        except InputError as error:
            raise InputError(f"{self.where}: {error}") from error

    def _ids(self) -> tuple[str, ...]:
        most = int(self.targets.max())
        if most >= MOST_UNNAMED:
            raise InputError(
                f"the greatest target is {most}; without class names it must be below {MOST_UNNAMED}. "
                "Count the classes from 0, or name them."
            )
        return tuple(str(k) for k in range(most + 1))


def tensor(array: np.ndarray) -> Tensor:
    """Return an array as a tensor, copied only where torch could not write to it as it lies."""
    return torch.from_numpy(np.require(array, requirements=["C", "W"]))


def images(array: np.ndarray) -> np.ndarray:
    """Return images as (n, channels, height, width); arrays of other ranks as they are.

    Args:
        array: (n, height, width), (n, height, width, channels) or (n, channels, height, width).
    """
    if array.ndim == 3:
        return array[:, None]
    if array.ndim == 4 and array.shape[3] in CHANNELS and array.shape[1] not in CHANNELS:
        return array.transpose(0, 3, 1, 2)
    return array
