"""One part of a data set, as the layouts that are read whole give it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from onward.datasets.arrays.numbers import Numbers
from onward.datasets.labels import Labels
from onward.datasets.raw import Raw


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

    def raw(self) -> Raw:
        """Return it as what is not known to fit together yet."""
        labels = Labels(self.targets.numpy(), None, self.classes)
        return Raw(Numbers(self.inputs.numpy(), self.where), labels, self.where)
