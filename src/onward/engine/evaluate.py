"""What a learner says of a test set, in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from onward.errors import InputError
from onward.learner import Learner
from onward.types import Data, counted_by, in_order, known_as


@dataclass(frozen=True, eq=False)
class Judgement:
    """Predictions beside the truth, by the learner's class ids.

    Args:
        predicted: (n,) int64.
        targets: (n,) int64; one past the last id where the learner does not know the class: no prediction meets it.
        classes: the name of each id.
    """

    predicted: NDArray[np.int64]
    targets: NDArray[np.int64]
    classes: tuple[str, ...]

    @property
    def accuracy(self) -> float:
        """The share of examples predicted right."""
        return float((self.predicted == self.targets).mean())


def judge(learner: Learner, data: Data, among: Sequence[str] | None = None) -> Judgement:
    """Return what the learner says of all of ``data``.

    Args:
        learner: any version.
        data: a test set; it may hold classes that the learner does not know.
        among: the classes that come into question (the task, at test); None is all. Those that the learner does not
            know are left aside.

    Raises:
        InputError: when there is nothing to judge, or by.
    """
    if not len(data):
        raise InputError("the test set is empty; there is nothing to judge")
    if not learner.classes:
        raise InputError("the learner knows no class yet; update it first")
    known = None if among is None else [name for name in among if name in learner.classes]
    ids = [learner.predict(batch.inputs, known or None).ids for batch in in_order(data)]
    targets = counted_by(known_as(data, learner.model.aliases), learner.classes).cpu()
    targets = torch.where(targets < 0, len(learner.classes), targets)
    return Judgement(torch.cat(ids).numpy(), targets.numpy(), learner.classes)
