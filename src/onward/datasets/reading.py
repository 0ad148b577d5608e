"""How examples are taken in: what is done to their files, and with files that cannot be used."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from onward.errors import hold
from onward.transform import Transform

Answer = Literal["refuse", "skip"]


@dataclass(frozen=True)
class Care:
    """What is done about data that is not as it should be. Whatever is chosen, it is counted and told.

    Args:
        unlabeled: files or rows without a class: ``refuse`` or ``skip``.
        corrupt: files that cannot be decoded, numbers that are missing or not finite: ``refuse`` or ``skip``.
        duplicates: new examples of the same content: ``keep``, ``drop`` all but the first, or ``refuse``.
        overlap: new examples that are in a test set as well: ``drop`` them from training, ``keep`` or ``refuse``.
    """

    unlabeled: Answer = "refuse"
    corrupt: Answer = "refuse"
    duplicates: Literal["keep", "drop", "refuse"] = "keep"
    overlap: Literal["drop", "keep", "refuse"] = "drop"

    __pydantic_config__: ClassVar = {"extra": "forbid"}


@dataclass(frozen=True)
class Reading:
    """How a source is read.

    Args:
        transform: what the model takes; None leaves images as they are, all of one size.
        care: what is done about files that cannot be used.
        workers: threads that decode, >= 1.
        memory: bytes up to which decoded inputs are held in memory; beyond that they are decoded for each batch.
        columns: those of a table of numbers that the model takes, in its order; () takes all but the class. A source
            that names its own is asked instead.
        labels: whether each example must have a class; where not, those without one are taken too, and theirs is "".
    """

    transform: Transform | None = None
    care: Care = field(default_factory=Care)
    workers: int = 4
    memory: int = 2**30
    columns: tuple[str, ...] = ()
    labels: bool = True

    def __post_init__(self) -> None:
        """Refuse values outside their ranges."""
        hold({"workers must be >= 1": self.workers >= 1, "memory must be >= 0": self.memory >= 0}, vars(self))
