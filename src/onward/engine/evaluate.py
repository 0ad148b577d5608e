"""What a learner says of a test set, in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

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
        within: (n,) int64, the most probable of the classes that the test set has examples of: what is predicted where
            it is told from which set an input comes. None where nobody looked.
    """

    predicted: NDArray[np.int64]
    targets: NDArray[np.int64]
    classes: tuple[str, ...]
    within: NDArray[np.int64] | None = None

    @property
    def right(self) -> NDArray[np.bool_]:
        """Which examples are predicted right, (n,)."""
        return self.predicted == self.targets

    @property
    def accuracy(self) -> float:
        """The share of examples predicted right."""
        return float(self.right.mean())

    @property
    def accuracy_within(self) -> float:
        """The share of examples predicted right among the classes of the test set; NaN where nobody looked."""
        return float("nan") if self.within is None else float((self.within == self.targets).mean())


def laid_together(parts: Sequence[Judgement]) -> Judgement:
    """Return what one learner says of several test sets as what it says of all of them."""
    predicted, targets = (np.concatenate(each) for each in zip(*((p.predicted, p.targets) for p in parts), strict=True))
    within = [part.within for part in parts if part.within is not None]
    return Judgement(
        predicted, targets, parts[0].classes, np.concatenate(within) if len(within) == len(parts) else None
    )


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
    targets = [truth(each, data) for each in learners]
    own = [own_classes(each, true) for each, true in zip(learners, targets, strict=True)]
    said: list[list[Tensor]] = [[] for _ in learners]
    for batch in in_order(data):
        for ids, each, a, columns in zip(said, learners, asked, own, strict=True):
            found = each.predict(batch.inputs, a)
            ids.append(torch.stack([found.ids, columns[found.logits[:, columns].argmax(dim=1)]]))
    both = [torch.cat(each, dim=1).numpy() for each in said]
    return tuple(
        Judgement(ids[0], true, each.classes, ids[1]) for each, true, ids in zip(learners, targets, both, strict=True)
    )


def own_classes(learner: Learner, targets: NDArray[np.int64]) -> Tensor:
    """Return the ids of the classes of a test set that a learner knows, (k,); all that it knows where it knows none."""
    ids = torch.from_numpy(np.unique(targets))
    there = ids[ids < len(learner.classes)]
    return there if len(there) else torch.arange(len(learner.classes))


def known(learner: Learner, among: Sequence[str] | None) -> list[str] | None:
    """Return those of some classes that the learner knows; None, for all, where it knows none of them."""
    named = {*learner.classes, *learner.model.aliases}
    return [name for name in among or () if name in named] or None


def truth(learner: Learner, data: Data) -> NDArray[np.int64]:
    """Return the targets by the learner's class ids, (n,); one past the last id where it does not know the class."""
    targets = counted_by(known_as(data, learner.model.aliases), learner.classes).cpu()
    return torch.where(targets < 0, len(learner.classes), targets).numpy()
