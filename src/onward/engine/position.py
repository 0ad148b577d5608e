"""How far a phase is, and the best place that it was at."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from torch import Tensor

from onward.engine.journalled import put_in_place
from onward.errors import hold
from onward.nets.classifier import Classifier

MOST = 2**53
"""What no count comes to."""


class Weights(NamedTuple):
    """Where a network was: its state, and the corners of the subspace that it moves in, (n, P); None without one."""

    model: dict[str, Tensor]
    corners: Tensor | None

    @classmethod
    def like(cls, model: Classifier, tensors: Mapping[str, Tensor], corners: Tensor | None) -> Weights:
        """Return what was written of a network of this shape.

        Raises:
            ValueError: when it was of another.
        """
        there = copy.deepcopy(model.state_dict())
        if there.keys() != tensors.keys():
            raise ValueError("the best weights are of another network")
        put_in_place(there, tensors, model.device)
        return cls(there, None if corners is None else corners.to(model.device))


@dataclass(frozen=True)
class Position:
    """How far a phase is, in numbers.

    Args:
        step: optimiser steps done, >= 0.
        epochs: those done.
        losses: on held-back data, one an epoch.
        samples: examples gone through.
        read_samples: those when the log was read last.
        read: steps of which the log was read.
        curve: what it said.
        seconds: since the phase began, in all its processes.
    """

    step: int
    epochs: int
    losses: tuple[float, ...]
    samples: int
    read_samples: int
    read: int
    curve: dict[str, tuple[float, ...]]
    seconds: float

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    def __post_init__(self) -> None:
        """Refuse numbers that no phase comes to."""
        counts = ("step", "epochs", "samples", "read_samples", "read")
        rules = {f"{name} must be in [0, {MOST})": 0 <= getattr(self, name) < MOST for name in counts}
        hold({**rules, "seconds must be >= 0 and finite": 0 <= self.seconds < math.inf}, vars(self))
