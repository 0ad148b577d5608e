"""Whether an update had converged: how its loss on the new data fell, and whether it still did at the end."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from onward.record import Record

NEW_DATA = "cross_entropy"
"""The term of every phase that is the loss on what arrived."""

TAIL = 0.1
"""The share of an update, at its end, in which nothing should be left to fall."""


def learning_curve(record: Record) -> tuple[float, ...]:
    """Return the readings of the loss on the new data, phase after phase; () where none was read."""
    return tuple(value for phase in record.phases for value in phase.curve.get(NEW_DATA, ()))


def still_falling(curve: Sequence[float]) -> float:
    """Return the fall over the last tenth of a learning curve, as a share of the fall from its highest reading.

        (L(0.9) − L(1)) / (max L − L(1))          L between two readings on the line through them

    The highest, not the first: from a parent's weights the loss starts low and rises before it falls. Near 0 when the
    update had converged, 0.1 and more when it was cut off on a slope; below 0 when the loss rose at the end.

    Args:
        curve: readings, (n,), as if at equal distances; each epoch has as many.

    Returns:
        The share; 0 for a curve that never fell, NaN for fewer than two readings.
    """
    readings = np.asarray(curve, dtype=np.float64)
    if len(readings) < 2:
        return float("nan")
    end = readings[-1]
    before = np.interp((1 - TAIL) * (len(readings) - 1), np.arange(len(readings)), readings)
    fall = readings.max() - end
    return float((before - end) / fall) if fall > 0 else 0.0


def worst(curves: Sequence[Sequence[float]]) -> float:
    """Return ``still_falling`` of the update that was farthest from its end; NaN where no curve can tell."""
    shares = [share for share in map(still_falling, curves) if not np.isnan(share)]
    return max(shares, default=float("nan"))
