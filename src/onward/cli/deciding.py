"""Commands that move a head."""

from __future__ import annotations

from onward.cli import options


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

    was, now = Lineage(lineage).heads.back(head)
    console().print(f"head of {head} was {was[:8]} and is {now[:8]} again")
