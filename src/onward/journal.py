"""What is written down of an update while it runs, so that one that is cut off goes on from there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from torch import Tensor


@dataclass(frozen=True)
class Entry:
    """What stands in a journal under one name.

    Args:
        facts: numbers, texts, and lists and mappings of them, as JSON has them.
        tensors: by name; a part of something stands under ``something/``.
    """

    facts: Mapping[str, Any]
    tensors: Mapping[str, Tensor] = field(default_factory=dict)

    def part(self, of: str) -> dict[str, Tensor]:
        """Return the tensors that stand under ``of/``, without it."""
        return {name[len(of) + 1 :]: tensor for name, tensor in self.tensors.items() if name.startswith(of + "/")}


class Journal(Protocol):
    """Where entries are written down, whole or not at all.

    Attributes:
        spent: seconds that the update had taken, in all its processes, up to the newest entry that was there.
        listening: whether the update looks at ``stopping`` now; set by it.
        stopping: whether the update is to write an entry and leave; set by whoever wants it to.
    """

    spent: float
    listening: bool
    stopping: bool

    @property
    def due(self) -> bool:
        """Whether it is time for an entry; asked before every step, and so must cost next to nothing."""
        ...

    def write(self, name: str, entry: Entry) -> None:
        """Write an entry down in the place of the one of that name."""
        ...

    def facts(self, name: str) -> Mapping[str, Any] | None:
        """Return the facts of an entry; None where there is none of that name."""
        ...

    def read(self, name: str) -> Entry | None:
        """Return an entry; None where there is none of that name."""
        ...


def under(name: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return tensors as a part of an entry: each under ``name/``."""
    return {f"{name}/{key}": tensor for key, tensor in tensors.items()}
