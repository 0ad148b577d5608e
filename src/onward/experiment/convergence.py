"""Whether updates had converged: how their loss on the new data fell, and whether it still did at the end."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from onward.record import Record

TENTHS = 10
"""Into how many parts an update is cut; in the last of them nothing should be left to fall."""


def learning_curve(record: Record) -> tuple[float, ...]:
    """Return the readings of the loss on the new data, phase after phase; () where none was read.

    It is the first term of every phase: whatever methods put in the place of the cross-entropy stands where that stood.
    """
    return tuple(value for phase in record.phases for value in phase.curve.get(next(iter(phase.terms), ""), ()))


def still_falling(curves: Sequence[Sequence[float]]) -> float:
    """Return what the loss fell over the last tenth of the updates, as a share of the whole fall.

        Σ (mean L(0.8, 0.9] − mean L(0.9, 1]) / Σ (max L − mean L(0.9, 1])          sums over the updates

    ``L(a, b]`` are the readings after the share a of an update, up to the share b. Means and sums, as one reading is
    noisy: where the loss falls little, as from a good parent, noise alone would make any share. The highest reading,
    not the first: from a parent's weights the loss starts low and rises before it falls.

    Near 0 when the updates had converged, 0.1 and more when they were cut off on a slope; below 0 when the loss rose at
    the end.

    Args:
        curves: of each update its readings, (n,), as if at equal distances; each epoch has as many.

    Returns:
        The share; 0 where no loss ever fell. NaN where no curve has as many readings as there are tenths: those that
        have fewer do not count.
    """
    tenths = [last_tenths(curve) for curve in curves if len(curve) >= TENTHS]
    if not tenths:
        return float("nan")
    highest, before, end = np.sum(tenths, axis=0)
    return float((before - end) / (highest - end)) if highest > end else 0.0


def last_tenths(curve: Sequence[float]) -> tuple[float, float, float]:
    """Return the highest reading of a curve and the means over its last tenth but one and over its last."""
    readings, count = np.asarray(curve, dtype=np.float64), len(curve)
    one, two = (TENTHS - 1) * count // TENTHS, (TENTHS - 2) * count // TENTHS  # whole numbers: no rounding at the ends
    return readings.max(), readings[two:one].mean(), readings[one:].mean()
