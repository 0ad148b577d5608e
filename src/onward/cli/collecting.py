"""The command that removes what nothing needs."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from onward.cli import options

if TYPE_CHECKING:
    from onward.store.garbage import Garbage

OlderThan = Annotated[int, typer.Option(metavar="DAYS", help="Touch no version and no journal that came more lately.")]
Keep = Annotated[
    int | None,
    typer.Option(metavar="NUMBER", help="Of earlier versions than so many of each head, take the tensors away too."),
]
Yes = Annotated[bool, typer.Option("--yes", help="Remove it; else it is only shown.")]


def gc(
    older_than: OlderThan = 14,
    keep: Keep = None,
    yes: Yes = False,
    lineage: options.LineageFolder = options.DEFAULT_LINEAGE,
    as_json: options.AsJson = False,
) -> None:
    """Show what nothing needs, or remove it.

    That is: versions that no head names or has named, journals of updates that were cut off and have not gone on,
    and what processes left that died. All that a version in use came from stays, unless --keep is given: of earlier
    ones the tensors go then, and the cards stay, which tell the history. They cannot be loaded any more.
    """
    from onward.cli.show import print_json
    from onward.store.garbage import Wanted, collect
    from onward.store.lineage import Lineage

    found = collect(Lineage(lineage), Wanted(older_than, keep), remove=yes)
    if as_json:
        freed = sum(each.bytes for each in found)
        print_json({"removed": yes, "bytes": freed, "garbage": [asdict(each) for each in found]})
    else:
        garbage_lines(found, removed=yes)


def garbage_lines(found: tuple[Garbage, ...], removed: bool) -> None:
    """Print what can be removed or was, and what that frees."""
    from onward.cli.show import console, say, size
    from onward.errors import counted

    if not found:
        console().print("there is nothing to remove")
        return
    for each in found:
        say(f"  {each.kind:<9}  {each.path.name[:8]:<8}  {size(each.bytes):>9}  ", each.why)
    things, freed = counted(len(found), "thing"), size(sum(each.bytes for each in found))
    done = f"removed {things}, {freed}"
    console().print(
        done if removed else f"{things}, {freed}; nothing was removed: --yes does it, and it cannot be undone"
    )
