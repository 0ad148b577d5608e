"""Commands that move a head."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onward.cli import options

if TYPE_CHECKING:
    from onward.store.lineage import Lineage


def promote(
    reference: options.Reference, head: options.NamingHead, lineage: options.LineageFolder = options.DEFAULT_LINEAGE
) -> None:
    """Let a head name a version, whatever its gate said."""
    from onward.cli.show import console
    from onward.store.lineage import Lineage

    id = Lineage(lineage).promote(reference, head)
    console().print(f"version {id[:8]} is head of {head}")


def rollback(head: options.MovedHead, lineage: options.LineageFolder = options.DEFAULT_LINEAGE) -> None:
    """Take back a head's last move. No version is lost."""
    from onward.cli.show import console
    from onward.store.lineage import Lineage

    was, now = Lineage(lineage).roll_back(head)
    console().print(f"head of {head} was {was[:8]} and is {now[:8]} again")


def head_to_move(place: Lineage, reference: str, promote_to: str | None, no_promote: bool) -> str | None:
    """Return the head that is to name a new version: the one that is wanted, or the one by which its parent was named.

    Args:
        place: the lineage.
        reference: by which the parent was named.
        promote_to: what the user wants; None is nothing said.
        no_promote: whether none is to move.
    """
    if no_promote:
        return None
    return promote_to or (reference if reference in place.heads.all() else None)
