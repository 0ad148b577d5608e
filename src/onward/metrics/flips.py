"""Accuracies of a version's predictions, and flips between the predictions of two versions.

Predictions and targets are class ids, (n,) integers. With ``by_class`` every class that has examples counts
the same; without, every example does. Either way

    accuracy(after) − accuracy(before) = positive_flip_rate − negative_flip_rate
    churn >= positive_flip_rate + negative_flip_rate                          (equal with two classes)

References:
    [1] Yan et al. 2021, "Positive-Congruent Training: Towards Regression-Free Model Updates",
        arXiv:2011.09161 (negative flips).
    [2] Milani Fard et al. 2016, "Launch and Iterate: Reducing Prediction Churn", NeurIPS.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onward.errors import InputError, listed

Ids = NDArray[np.int64]


def accuracy(predicted: ArrayLike, targets: ArrayLike) -> float:
    """Return the share of examples that are predicted right: 1/n Σ [ŷ = y].

    Args:
        predicted: ŷ, (n,).
        targets: y, (n,).

    Raises:
        InputError: when there are no examples, or not one target for each. So for every function here.
    """
    y_hat, y = _ids(predicted=predicted, targets=targets)
    return _averaged(y_hat == y, y, by_class=False)


def class_accuracy(predicted: ArrayLike, targets: ArrayLike, classes: int) -> NDArray[np.float64]:
    """Return the share of each class's examples that are predicted right (the class's recall).

    Args:
        predicted: (n,).
        targets: (n,), each in [0, classes).
        classes: c, how many classes there are.

    Returns:
        (c,); NaN for a class without examples.
    """
    y_hat, y = _ids(predicted=predicted, targets=targets)
    if y.max() >= classes:
        raise InputError(f"targets must lie in [0, {classes}), got {y.max()}; give the count of all classes")
    return _rates(y_hat == y, y, classes)


def mean_class_accuracy(predicted: ArrayLike, targets: ArrayLike) -> float:
    """Return the mean of ``class_accuracy`` over the classes that have examples (balanced accuracy).

    Args:
        predicted: (n,).
        targets: (n,).
    """
    y_hat, y = _ids(predicted=predicted, targets=targets)
    return _averaged(y_hat == y, y, by_class=True)


def negative_flip_rate(before: ArrayLike, after: ArrayLike, targets: ArrayLike, by_class: bool = False) -> float:
    """Return the share of examples that were right before and are wrong now.

        NFR = 1/n Σ [before = y, after ≠ y]                                    ([1])

    Args:
        before: predictions of the parent, (n,).
        after: predictions of the child, (n,).
        targets: y, (n,).
        by_class: average over classes instead of over examples.
    """
    old, new, y = _ids(before=before, after=after, targets=targets)
    return _averaged((old == y) & (new != y), y, by_class)


def positive_flip_rate(before: ArrayLike, after: ArrayLike, targets: ArrayLike, by_class: bool = False) -> float:
    """Return the share of examples that were wrong before and are right now.

        PFR = 1/n Σ [before ≠ y, after = y]

    Args:
        before: predictions of the parent, (n,).
        after: predictions of the child, (n,).
        targets: y, (n,).
        by_class: average over classes instead of over examples.
    """
    old, new, y = _ids(before=before, after=after, targets=targets)
    return _averaged((old != y) & (new == y), y, by_class)


def churn(before: ArrayLike, after: ArrayLike, targets: ArrayLike, by_class: bool = False) -> float:
    """Return the share of examples whose prediction changed, for the better, the worse, or neither.

        C = 1/n Σ [before ≠ after]                                             ([2])

    Args:
        before: predictions of the parent, (n,).
        after: predictions of the child, (n,).
        targets: y, (n,); what ``by_class`` averages over.
        by_class: average over classes instead of over examples.
    """
    old, new, y = _ids(before=before, after=after, targets=targets)
    return _averaged(old != new, y, by_class)


def _averaged(hits: NDArray[np.bool_], targets: Ids, by_class: bool) -> float:
    """Return the share of ``hits``, over the examples or over the classes that have some."""
    return float(np.nanmean(_rates(hits, targets, int(targets.max()) + 1)) if by_class else hits.mean())


def _rates(hits: NDArray[np.bool_], targets: Ids, classes: int) -> NDArray[np.float64]:
    """Return the share of ``hits`` among each class's examples, (c,); NaN where it has none."""
    of_class = np.bincount(targets, minlength=classes)
    rates = np.full(classes, np.nan)
    np.divide(np.bincount(targets, weights=hits, minlength=classes), of_class, out=rates, where=of_class > 0)
    return rates


def _ids(**given: ArrayLike) -> list[Ids]:
    """Return each as int64, refused unless all are vectors of class ids, as many of one as of the other."""
    arrays = {name: np.asarray(values) for name, values in given.items()}
    shapes = {array.shape for array in arrays.values()}
    if len(shapes) > 1 or any(len(shape) != 1 or shape[0] == 0 for shape in shapes):
        came = listed(f"{name} {array.shape}" for name, array in arrays.items())
        raise InputError(f"one class id for each of n >= 1 examples is wanted, (n,) each; got {came}")
    for name, array in arrays.items():
        if not np.issubdtype(array.dtype, np.integer) or array.min() < 0:
            came = f"{array.dtype} from {array.min()} to {array.max()}"
            raise InputError(f"{name} must be class ids, integers >= 0; got {came}")
    return [array.astype(np.int64) for array in arrays.values()]
