"""The classes of a lineage: by name, append-only, with an id that never means another class."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ClassFacts:
    """One class.

    Args:
        name: as it is called now.
        id: its logit; the same in every version that knows it.
        since: the id of the version that first knew it; "" where that is the version whose card says so.
        examples: how many it has been trained on so far, as the cards tell.
        aliases: other names that mean it: those it had, and those of classes merged into it.
        merged_into: the name of the class that it is counted as now; "" where it stands for itself.
    """

    name: str
    id: int
    since: str = ""
    examples: int = 0
    aliases: tuple[str, ...] = ()
    merged_into: str = ""
