"""What happens where one task ends and the next begins: a spike of the loss, a gap in accuracy, and how long it lasts.

All are computed from values read during training, step by step or every so many steps.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from onward.errors import InputError, hold


def loss_spike(before: ArrayLike, after: ArrayLike, steps: int = 100) -> float:
    """Return by how much the loss jumps when the task switches.

        max of the first S of ``after`` − mean of the last S of ``before``

    A definition of ours, after figure 1 of Harun & Kanan 2025, arXiv:2503.06385, which shows such jumps.

    Args:
        before: the training loss of the last task, a value a step, (n,).
        after: that of the new task's examples, (m,).
        steps: S >= 1; where there are fewer values, all count.

    Raises:
        InputError: when either has no value.
    """
    hold({"steps must be >= 1": steps >= 1}, {"steps": steps})
    x, y = row(before, "before"), row(after, "after")
    return float(y[:steps].max() - x[-steps:].mean())


def knowledge_gap(accuracies: ArrayLike, reference: ArrayLike) -> float:
    """Return how much of a reference's accuracy is missing on the way, in the mean over all readings.

        1 − mean_t a(t) / r(t)

    On old classes it is the stability gap, on new ones the plasticity gap, on all the continual knowledge gap (Harun &
    Kanan 2024, arXiv:2306.01904, section 3.2). Below 0 where the learner is ahead.

    Args:
        accuracies: a, of the learner at each reading, (t,) in [0, 1].
        reference: r, of what it is held against, (t,), or one number for all readings; above 0.

    Raises:
        InputError: when they cannot be paired, or the reference is 0 somewhere.
    """
    x, y = row(accuracies, "accuracies"), np.atleast_1d(np.asarray(reference, dtype=np.float64))
    if y.shape not in (x.shape, (1,)):
        raise InputError(f"a reference is one number or one a reading: got {y.shape} for {len(x)} readings")
    if not (np.isfinite(y) & (y > 0)).all():
        raise InputError("a reference must be above 0 at every reading: nothing can be a share of no accuracy")
    return float(1 - (x / y).mean())


def steps_to(accuracies: ArrayLike, steps: ArrayLike, target: float) -> float:
    """Return the step at which an accuracy is reached for the first time; infinity when it never is.

    Args:
        accuracies: at each reading, (t,).
        steps: how many steps had been taken at each, (t,), rising.
        target: the accuracy, such as 95 % of what another method ends with.

    Raises:
        InputError: when readings and steps cannot be paired, or steps do not rise.
    """
    x, places = row(accuracies, "accuracies"), row(steps, "steps")
    if x.shape != places.shape or (np.diff(places) <= 0).any():
        raise InputError(f"steps must rise, one for each of {len(x)} readings, got {places.tolist()[:8]}")
    reached = np.flatnonzero(x >= target)
    return float(places[reached[0]]) if reached.size else float("inf")


def row(values: ArrayLike, name: str) -> np.ndarray:
    """Return values as (n,) float64, n >= 1.

    Raises:
        InputError: when they are no such row of finite numbers.
    """
    x = np.asarray(values, dtype=np.float64)
    if x.ndim != 1 or not x.size or not np.isfinite(x).all():
        raise InputError(f"{name} must be a row of one or more finite values, got shape {x.shape}")
    return x
