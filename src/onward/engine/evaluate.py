"""What a learner says of a test set, in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from onward.engine.check import check_is_data
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
    def right(self) -> NDArray[np.bool_]:
        """Which examples are predicted right, (n,)."""
        return self.predicted == self.targets

    @property
    def accuracy(self) -> float:
        """The share of examples predicted right."""
        return float(self.right.mean())


def laid_together(parts: Sequence[Judgement]) -> Judgement:
    """Return what one learner says of several test sets as what it says of all of them."""
    predicted, targets = (np.concatenate(each) for each in zip(*((p.predicted, p.targets) for p in parts), strict=True))
    return Judgement(predicted, targets, parts[0].classes)


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
    return judged_together((learner,), data, among)[0]


def judged_together(
    learners: Sequence[Learner], data: Data, among: Sequence[str] | None = None
) -> tuple[Judgement, ...]:
    """Return what each learner says of all of ``data``, which is read once: it may be decoded as it is read.

    Args:
        learners: versions of a lineage, or one alone.
        data: as ``judge`` takes it.
        among: as well.

    Raises:
        InputError: as ``judge``.
    """
    check_is_data(data)
    if not len(data):
        raise InputError("the test set is empty; there is nothing to judge")
    if not all(learner.classes for learner in learners):
        raise InputError("the learner knows no class yet; update it first")
    asked = [known(each, among) for each in learners]
    said = [
        [each.predict(batch.inputs, a).ids for each, a in zip(learners, asked, strict=True)] for batch in in_order(data)
    ]
    ids = [torch.cat(column).numpy() for column in zip(*said, strict=True)]
    return tuple(Judgement(own, truth(each, data), each.classes) for each, own in zip(learners, ids, strict=True))


def known(learner: Learner, among: Sequence[str] | None) -> list[str] | None:
    """Return those of some classes that the learner knows; None, for all, where it knows none of them."""
    named = {*learner.classes, *learner.model.aliases}
    return [name for name in among or () if name in named] or None


def truth(learner: Learner, data: Data) -> NDArray[np.int64]:
    """Return the targets by the learner's class ids, (n,); one past the last id where it does not know the class."""
    targets = counted_by(known_as(data, learner.model.aliases), learner.classes).cpu()
    return torch.where(targets < 0, len(learner.classes), targets).numpy()
