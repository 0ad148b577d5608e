"""The accuracy matrix, and the numbers of the literature that are read from it.

``r[i, j]`` is the accuracy on experience j's test set after update i, (t, t), counted from 0. The diagonal
and what lies below it must be measured. Above it are experiences that were not yet seen: NaN, or measured
for forward transfer. Fill ``r`` with ``accuracy`` or with ``mean_class_accuracy`` (``onward.metrics.flips``)
and every number here is the sample-averaged or the class-averaged one.

References:
    [1] Lopez-Paz & Ranzato 2017, "Gradient Episodic Memory for Continual Learning", arXiv:1706.08840, Sec. 2.
    [2] Chaudhry et al. 2018, "Riemannian Walk for Incremental Learning", arXiv:1801.10112
        (the forgetting measure).
    [3] Riemer et al. 2019, "Learning to Learn without Forgetting by Maximizing Transfer and Minimizing
        Interference", arXiv:1810.11910 (learning accuracy).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onward.errors import InputError, listed

Matrix = NDArray[np.float64]


def average_accuracy(r: ArrayLike) -> float:
    """Return the mean of the last row: every experience counts the same.

        ACC = 1/t Σ_j r[t−1, j]                                                (Eq. 2 of [1])

    Args:
        r: the accuracy matrix, (t, t).

    Raises:
        InputError: when ``r`` is not square, or not measured where it must be. So for every function here.
    """
    return float(_measured(r)[-1].mean())


def average_accuracy_by_examples(r: ArrayLike, counts: ArrayLike) -> float:
    """Return the mean of the last row in which every test example counts the same.

        Σ_j n_j r[t−1, j] / Σ_j n_j

    It equals the accuracy on all the test sets laid together.

    Args:
        r: the accuracy matrix, (t, t).
        counts: n_j, the test examples of each experience, (t,), >= 0 and not all 0.
    """
    r = _measured(r)
    n = _one_each(r, counts, "counts of test examples")
    if (n < 0).any() or n.sum() == 0:
        raise InputError(f"counts of test examples must be >= 0 and not all 0, got {listed(n.tolist())}")
    return float(r[-1] @ n / n.sum())


def learning_accuracy(r: ArrayLike) -> float:
    """Return the mean of the diagonal: how well each experience was learned when it came.

        LA = 1/t Σ_j r[j, j]                                                   ([3])

    Args:
        r: the accuracy matrix, (t, t).
    """
    return float(_measured(r).diagonal().mean())


def forgetting_from_best(r: ArrayLike) -> float:
    """Return the mean fall from the best earlier accuracy to the last: the form of Chaudhry et al.

        F = 1/(t−1) Σ_{j<t−1} ( max_{j<=i<t−1} r[i, j] − r[t−1, j] )           ([2])

    The last experience is left out: nothing came after it. NaN when t = 1. Below 0 when what came later
    helped. What was measured before an experience was learned (i < j) is left out of the maximum.

    Args:
        r: the accuracy matrix, (t, t).
    """
    r = _measured(r)
    since_learned = np.where(np.tri(len(r), dtype=bool), r, -np.inf)[:-1, :-1]  # (t−1, t−1)
    return _mean(since_learned.max(axis=0, initial=-np.inf) - r[-1, :-1])


def forgetting_from_learned(r: ArrayLike) -> float:
    """Return the mean fall from the accuracy right after learning to the last: van de Ven's form.

        F = 1/(t−1) Σ_{j<t−1} ( r[j, j] − r[t−1, j] )

    It is ``backward_transfer`` with its sign turned; never above ``forgetting_from_best``. NaN when t = 1.

    Args:
        r: the accuracy matrix, (t, t).
    """
    r = _measured(r)
    return _mean((r.diagonal() - r[-1])[:-1])


def backward_transfer(r: ArrayLike) -> float:
    """Return how much the later updates changed the accuracy on what was learned before; above 0 they helped.

        BWT = 1/(t−1) Σ_{j<t−1} ( r[t−1, j] − r[j, j] )                        (Eq. 3 of [1])

    NaN when t = 1.

    Args:
        r: the accuracy matrix, (t, t).
    """
    r = _measured(r)
    return _mean((r[-1] - r.diagonal())[:-1])


def forward_transfer(r: ArrayLike, baseline: ArrayLike) -> float:
    """Return how much the updates before an experience helped on it, before it was seen.

        FWT = 1/(t−1) Σ_{j>0} ( r[j−1, j] − b_j )                              (Eq. 4 of [1])

    NaN when t = 1.

    Args:
        r: the accuracy matrix, (t, t), measured also right above the diagonal.
        baseline: b_j, the accuracy of an untrained model on each test set, (t,). b_0 is not used.
    """
    r = _measured(r)
    b = _one_each(r, baseline, "accuracies of the untrained baseline")
    before = r.diagonal(offset=1)  # (t−1,)
    if np.isnan(before).any():
        missing = listed(f"r[{j}, {j + 1}]" for j in np.flatnonzero(np.isnan(before)))
        raise InputError(
            f"forward transfer needs the accuracy on each experience before it is learned: {missing} is NaN. "
            "Evaluate the next test set before each update, or leave the baseline out."
        )
    return _mean(before - b[1:])


def summary(r: ArrayLike, baseline: ArrayLike | None = None) -> dict[str, float]:
    """Return every number of the matrix under its function's name.

    Args:
        r: the accuracy matrix, (t, t).
        baseline: as ``forward_transfer`` takes it; without it that number is left out.
    """
    found = {
        "average_accuracy": average_accuracy(r),
        "learning_accuracy": learning_accuracy(r),
        "forgetting_from_best": forgetting_from_best(r),
        "forgetting_from_learned": forgetting_from_learned(r),
        "backward_transfer": backward_transfer(r),
    }
    if baseline is not None:
        found["forward_transfer"] = forward_transfer(r, baseline)
    return found


def _measured(r: ArrayLike) -> Matrix:
    """Return ``r`` as float64, refused unless it is square and measured on and below the diagonal."""
    matrix = np.asarray(r, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not matrix.size:
        raise InputError(
            f"an accuracy matrix has one row for each update and one column for each experience, (t, t) with "
            f"t >= 1; got shape {matrix.shape}"
        )
    missing = np.argwhere(np.tri(len(matrix), dtype=bool) & ~np.isfinite(matrix))
    if len(missing):
        places = listed((f"r[{i}, {j}]" for i, j in missing), most=5)
        raise InputError(f"every experience seen so far must be measured, but {places} is not finite")
    return matrix


def _one_each(r: Matrix, values: ArrayLike, what: str) -> Matrix:
    """Return ``values`` as float64, refused unless there is a finite one for each experience."""
    vector = np.asarray(values, dtype=np.float64)
    if vector.shape != (len(r),) or not np.isfinite(vector).all():
        raise InputError(
            f"there must be {len(r)} finite {what}, one for each experience; "
            f"got {listed(np.ravel(vector).tolist())} of shape {vector.shape}"
        )
    return vector


def _mean(values: Matrix) -> float:
    """Return the mean; NaN, without numpy's warning, of no values at all."""
    return float(values.mean()) if values.size else float("nan")
