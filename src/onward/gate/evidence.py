"""What the rules are asked about."""

from __future__ import annotations

from dataclasses import dataclass

from onward.record import Cost, Measure, Share


@dataclass(frozen=True)
class Evidence:
    """All that is known of a child when it comes to the gate.

    Args:
        measures: the child on every test set that could be read, beside its parent; those of slices by their names.
        missing: test sets that could not be read, by source: old ones and those of slices.
        cost: of the update; None when it was not counted.
        share: of the cost of training from scratch; None when it is not known.
        latency: the child's time to predict over the parent's; None when it was not taken.
        parameters: how many the child has over how many the parent has; None when they were not counted.
    """

    measures: tuple[Measure, ...] = ()
    missing: tuple[str, ...] = ()
    cost: Cost | None = None
    share: Share | None = None
    latency: float | None = None
    parameters: float | None = None
