"""A child on a test set, beside its parent."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from onward.engine.evaluate import judged_together
from onward.learner import Learner
from onward.metrics.flips import negative_flip_rate, positive_flip_rate
from onward.record import Measure, Score
from onward.types import Data, known_as


def measure(source: str, data: Data, after: Learner, before: Learner | None, old: bool, slice: str = "") -> Measure:
    """Return a version on a test set, beside its parent where that knows a class. The data is read once.

    The parent's class ids are the child's, since a lineage only appends, so both are judged by the child's targets.

    Args:
        source: of the test set, for the record.
        data: its examples.
        after: the child.
        before: the parent; None where there is none that knows a class.
        old: whether the test set came with an earlier version.
        slice: the name under which the rules ask for it; "" for a test set of the lineage.

    Raises:
        InputError: when there is nothing to judge, or the child knows no class.
    """
    now, *parent = judged_together([after] if before is None else [after, before], data)
    if not parent:
        return Measure(source, len(data), now.accuracy, old=old, by_class=by_class(data, after, now.right), slice=slice)
    was = after.model.meant(torch.from_numpy(parent[0].predicted)).numpy()  # of classes merged since then
    was_right = was == now.targets
    return Measure(
        source,
        len(data),
        now.accuracy,
        parent_accuracy=float(was_right.mean()),
        negative_flips=negative_flip_rate(was, now.predicted, now.targets),
        positive_flips=positive_flip_rate(was, now.predicted, now.targets),
        old=old,
        by_class=by_class(data, after, now.right, was_right),
        slice=slice,
    )


def by_class(
    data: Data, learner: Learner, right: NDArray[np.bool_], parent_right: NDArray[np.bool_] | None = None
) -> dict[str, Score]:
    """Return the score on each class that has examples, under the name by which the learner knows it.

    Args:
        data: n examples; the learner need not know all their classes.
        learner: the child.
        right: which the child has right, (n,).
        parent_right: which the parent has right, (n,); None without one.
    """
    known = known_as(data, learner.model.aliases)
    targets = known.targets.cpu().numpy()
    kinds = [np.ones_like(right), right]
    kinds += [] if parent_right is None else [parent_right, parent_right & ~right]
    counts = [np.bincount(targets, weights=kind, minlength=len(known.classes)).astype(int).tolist() for kind in kinds]
    return {name: Score(*row) for name, row in zip(known.classes, zip(*counts, strict=True), strict=True) if row[0]}
