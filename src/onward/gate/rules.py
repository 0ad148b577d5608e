"""The rules of a lineage: what its file may say under ``[gate]``."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from onward.errors import hold


@dataclass(frozen=True)
class Slice:
    """The rules for a part of the world that has a test set of its own.

    Args:
        source: of the test set.
        floor: the least accuracy on it, as a share in [0, 1]; None asks for none.
        margin: how far accuracy on it may fall below the parent's, in [0, 1]; None lets it fall.

    Raises:
        InputError: naming every value that is out of its range.
    """

    source: str = ""
    floor: float | None = None
    margin: float | None = None

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    def __post_init__(self) -> None:
        """Refuse what asks for nothing, and values outside their ranges."""
        rules = {
            "source must name a test set": bool(self.source),
            "floor must be in [0, 1]": is_share(self.floor),
            "margin must be in [0, 1]": is_share(self.margin),
            "floor or margin must be given": self.floor is not None or self.margin is not None,
        }
        hold(rules, vars(self))


@dataclass(frozen=True)
class Budget:
    """The most that an update may cost, and its child; None sets no limit.

    Args:
        share_of_scratch: the cost of the update over that of training from scratch, > 0.
        seconds: wall time of the update, > 0.
        flops: of the update, forward and backward, > 0.
        latency: the child's time to predict over the parent's, > 0.
        parameters: the child's parameters over the parent's, > 0.

    Raises:
        InputError: naming every value that is out of its range.
    """

    share_of_scratch: float | None = None
    seconds: float | None = None
    flops: float | None = None
    latency: float | None = None
    parameters: float | None = None

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    def __post_init__(self) -> None:
        """Refuse limits that nothing can keep."""
        limits = vars(self)
        hold({f"{k} must be > 0 and finite": v is None or 0 < v < math.inf for k, v in limits.items()}, limits)


@dataclass(frozen=True)
class Gate:
    """The rules of a lineage. Shares lie in [0, 1].

    Args:
        margin: how far accuracy on an old test set may fall below the parent's.
        confidence: how sure the data must be that a rule on a fall or on flips is broken, in (0.5, 1).
        negative_flips: the largest share of an old test set that the parent had right and the child has wrong.
        unchecked: whether a rule that could not be checked stops a child: ``fail``, or ``pass``.
        class_margin: how far the accuracy of one class may fall, over all old test sets; None lets it fall.
        class_floors: the least accuracy of a class over all test sets, by its name.
        slices: rules for test sets of their own, by a name of the user's.
        budget: the most that an update may cost.

    Raises:
        InputError: naming every value that is out of its range.
    """

    margin: float = 0.01
    confidence: float = 0.95
    negative_flips: float = 0.05
    unchecked: Literal["pass", "fail"] = "pass"
    class_margin: float | None = None
    class_floors: dict[str, float] = field(default_factory=dict)
    slices: dict[str, Slice] = field(default_factory=dict)
    budget: Budget = field(default_factory=Budget)

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    def __post_init__(self) -> None:
        """Refuse values outside their ranges, all of them at once."""
        rules = {
            "margin must be in [0, 1]": is_share(self.margin),
            "confidence must be in (0.5, 1)": 0.5 < self.confidence < 1,
            "negative_flips must be in [0, 1]": is_share(self.negative_flips),
            "unchecked must be pass or fail": self.unchecked in ("pass", "fail"),
            "class_margin must be in [0, 1]": is_share(self.class_margin),
            "class_floors must each be in [0, 1]": all(map(is_share, self.class_floors.values())),
        }
        hold(rules, vars(self))


def is_share(value: float | None) -> bool:
    """Say whether a value is a share, or asks for nothing."""
    return value is None or 0 <= value <= 1
