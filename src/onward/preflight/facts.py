"""What a preflight finds, as plain values that go into a version's card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

Scenario = Literal["first data", "same classes", "new classes", "shifted domain", "mixed"]


@dataclass(frozen=True)
class Counts:
    """What was found while the data was read.

    Args:
        duplicates: examples whose content has come before among the new ones.
        contradictions: examples whose content comes under another label as well.
        overlap: for each test set the new examples that are in it; those with none are left out.
        unlabeled: files or rows without a class.
        corrupt: files or rows that cannot be used.
    """

    duplicates: int = 0
    contradictions: int = 0
    overlap: Mapping[str, int] = field(default_factory=dict)
    unlabeled: int = 0
    corrupt: int = 0


@dataclass(frozen=True)
class Shift:
    """Whether examples of old classes look to the model as they used to.

    Args:
        told: a sentence with the numbers.
        statistic: the AUC of telling them apart by the model's features: 0.5 not at all, 1 always; None where there
            were too few to check.
        p: the test's p-value.
        threshold: the AUC that two parts of the old data stay below, 99 times of 100.
        shifted: whether the statistic is above the threshold and p is small.
        examples: of each side.
        against: sources of the old examples.
    """

    told: str
    statistic: float | None = None
    p: float | None = None
    threshold: float | None = None
    shifted: bool = False
    examples: int = 0
    against: tuple[str, ...] = ()

    __pydantic_config__: ClassVar = {"extra": "forbid"}


@dataclass(frozen=True)
class Preflight:
    """What arrived.

    Args:
        examples: how many.
        counts: examples of each class that has some, by name.
        old: classes of them that the version in use knows.
        new: classes of them that it does not know.
        missing: classes that it knows and that did not arrive.
        imbalance: examples of the largest class over those of the smallest.
        duplicates: examples whose content has come before among them.
        contradictions: examples whose content comes under another label as well.
        overlap: for each test set the new examples that are in it.
        unlabeled: files or rows without a class.
        corrupt: files or rows that cannot be used.
        scenario: which kind of update it is.
        shift: of the domain; None where there is no old class to compare.
        warnings: what is known to go wrong, as sentences.
    """

    examples: int
    counts: dict[str, int] = field(default_factory=dict)
    old: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    imbalance: float = 1.0
    duplicates: int = 0
    contradictions: int = 0
    overlap: dict[str, int] = field(default_factory=dict)
    unlabeled: int = 0
    corrupt: int = 0
    scenario: Scenario = "first data"
    shift: Shift | None = None
    warnings: tuple[str, ...] = ()

    __pydantic_config__: ClassVar = {"extra": "forbid"}
