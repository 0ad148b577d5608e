"""Commands that move a head."""

from __future__ import annotations

from typing import Annotated

import typer

from onward.cli.options import DEFAULT_LINEAGE, LineageFolder, Reference


def promote(
    reference: Reference,
    head: Annotated[str, typer.Argument(metavar="HEAD", help="What is to name it; made where there is none.")],
    lineage: LineageFolder = DEFAULT_LINEAGE,
) -> None:
    """Let a head name a version, whatever its gate said."""
    from onward.cli.show import console
    from onward.store.lineage import Lineage

    id = Lineage(lineage).promote(reference, head)
    console().print(f"version {id[:8]} is head of {head}")


def rollback(
    head: Annotated[str, typer.Argument(metavar="HEAD", help="The head to take back.")],
    lineage: LineageFolder = DEFAULT_LINEAGE,
) -> None:
    """Take back a head's last move. No version is lost."""
    from onward.cli.show import console
    from onward.store.lineage import Lineage

    was, now = Lineage(lineage).heads.back(head)
    console().print(f"head of {head} was {was[:8]} and is {now[:8]} again")
