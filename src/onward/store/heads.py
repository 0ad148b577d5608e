"""Heads: text files that name the version in use."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from onward.errors import InputError, StoreError, unknown
from onward.store import files

NAME = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,63}")
LIKE_AN_ID = re.compile(r"[0-9a-f]{4,}")

Check = Callable[[str], object]
"""Raises an error for the id of a version that a head may not name."""


def any_version(id: str) -> None:
    """Let a head name any version."""


def allow(head: str) -> None:
    """Refuse a name that cannot be a head's.

    Raises:
        InputError: with what such a name is made of.
    """
    if not NAME.fullmatch(head) or LIKE_AN_ID.fullmatch(head):
        raise InputError(
            f"a head's name is a letter and then at most 63 letters, digits, '.', '_', '-', and not like an id "
            f"(four or more of 0-9a-f); got {head!r}"
        )


class Heads:
    """A folder of heads. A head's file has a line for each time it moved; the last one counts."""

    def __init__(self, folder: Path) -> None:
        """Take the folder as it is."""
        self.folder = folder

    def names(self) -> list[str]:
        """Return the name of each head."""
        return sorted(path.name for path in self.folder.iterdir() if NAME.fullmatch(path.name))

    def all(self) -> dict[str, str]:
        """Return the id that each head names.

        Raises:
            StoreError: when a head's file is damaged.
        """
        return {name: self.moves(name)[-1] for name in self.names()}

    def moves(self, head: str) -> list[str]:
        """Return every id that a head has named and not taken back; the last one is in use.

        Raises:
            StoreError: when the head's file is damaged.
        """
        text = files.read(self.folder / head, f"head '{head}'").decode("ascii", errors="replace")
        lines = text.split()
        if not lines or not all(re.fullmatch(r"[0-9a-f]{64}", line) for line in lines):
            raise StoreError(f"head '{head}' does not name a version; write the id of one into {self.folder / head}")
        return lines

    def move(self, head: str, id: str, expected: str | None = None, usable: Check = any_version) -> None:
        """Let a head name ``id``; see ``Lineage.promote``.

        Args:
            head: its name.
            id: of the version.
            expected: the id that the head must still name; None does not ask.
            usable: raises an error when the version cannot be used; asked under the lock, so that the answer holds.
        """
        allow(head)
        with files.locked(self.folder):
            usable(id)
            moves = self.moves(head) if (self.folder / head).exists() else []
            if expected is not None and (not moves or moves[-1] != expected):
                now = moves[-1][:8] if moves else "gone"
                raise StoreError(
                    f"head '{head}' was {expected[:8]} and is now {now}: another update was faster. Version {id[:8]} "
                    f"is kept; look at both, then `onward promote {id[:8]} {head}`."
                )
            if not moves or moves[-1] != id:
                files.replace(self.folder / head, ("\n".join([*moves, id]) + "\n").encode())

    def back(self, head: str, usable: Check = any_version) -> tuple[str, str]:
        """Take back a head's last move. Both versions stay.

        Args:
            head: its name.
            usable: raises an error when the version that it is to name again cannot be used.

        Returns:
            The id it named, and the id it names now.

        Raises:
            InputError: when there is no such head.
            StoreError: when it has never moved.
        """
        if head not in self.names():
            raise unknown("head", head, self.names())
        with files.locked(self.folder):
            moves = self.moves(head)
            if len(moves) < 2:
                only = f"has named one version only ({moves[0][:8]})"
                raise StoreError(f"head '{head}' {only}; there is nothing to go back to")
            usable(moves[-2])
            files.replace(self.folder / head, ("\n".join(moves[:-1]) + "\n").encode())
        return moves[-1], moves[-2]
