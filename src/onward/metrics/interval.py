"""How far a mean over seeds can be trusted: Student's interval, of one sample or of paired differences."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from onward.errors import InputError


def mean_interval(values: ArrayLike, level: float = 0.95) -> tuple[float, float]:
    """Return the mean of ``values`` and the half width of its interval: what stands before and after ±.

        mean ± t_{(1+level)/2, n−1} · s / √n          s² = Σ (x − mean)² / (n − 1)     (Student 1908)

    Args:
        values: one measurement for each run, (n,).
        level: the share of such intervals that hold the true mean, in (0, 1).

    Returns:
        The mean and the half width, in the unit of ``values``; the half width of a single value is NaN.

    Raises:
        InputError: when there are no values, or they are not finite numbers in a row.
    """
    x = np.asarray(values, dtype=np.float64)
    if x.ndim != 1 or not x.size or not np.isfinite(x).all():
        raise InputError(f"an interval needs a row of one or more finite values, got {x.tolist()}")
    if not 0 < level < 1:
        raise InputError(f"level must be in (0, 1), got {level}; 0.95 is usual")
    if x.size == 1:
        return float(x[0]), math.nan
    from scipy import stats  # takes half a second, which a command without an interval need not wait for

    quantile = stats.t.ppf((1 + level) / 2, x.size - 1)
    return float(x.mean()), float(quantile * x.std(ddof=1) / math.sqrt(x.size))


def paired_interval(a: ArrayLike, b: ArrayLike, level: float = 0.95) -> tuple[float, float]:
    """Return ``mean_interval`` of a − b, where ``a[k]`` and ``b[k]`` share what varies: seed, stream.

    Args:
        a: (n,).
        b: (n,), in the order of ``a``.
        level: as for ``mean_interval``.

    Raises:
        InputError: when they cannot be paired.
    """
    x, y = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if x.shape != y.shape:
        came = f"{x.shape} and {y.shape}"
        raise InputError(f"paired values must come in equal number, got {came}; pair them by seed")
    return mean_interval(x - y, level)
