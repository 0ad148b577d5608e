"""What is asked and told of an update that was cut off."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from onward.cli.options import DEFAULT_LINEAGE
from onward.errors import InputError

if TYPE_CHECKING:
    from onward.release.arrival import Arrival, Ready
    from onward.store.lineage import Lineage

SAME = {"reference", "resume", "every", "lineage", "quiet", "as_json"}
"""The options of ``update`` that say nothing of what is done."""


def asked_before(
    place: Lineage, reference: str, resume: bool | None, context: typer.Context
) -> tuple[Arrival, str | None]:
    """Return what the update of a version that was cut off was asked to do, and the head that was to move.

    Args:
        place: the lineage.
        reference: the version.
        resume: what the user said.
        context: tells which options were given.

    Raises:
        InputError: when that was not asked for, or asked for with other options; or when there is not one update.
    """
    from onward.release.cut import cut_after

    if not resume:
        raise InputError("an update needs --data, what arrived; or --resume, to go on with one that was cut off")
    given = [p.opts[0] for p in context.command.params if p.name not in SAME and came(context, str(p.name))]
    if given:
        raise InputError(
            f"--resume without --data does what was asked for before; leave out {', '.join(given)}, or give all the "
            "options that it was begun with"
        )
    cut = cut_after(place, place.version(reference))
    return cut.arrival, cut.promote_to


def came(context: typer.Context, name: str) -> bool:
    """Say whether an option was typed."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def begin_or_go_on(going: Ready, resume: bool | None, quiet: bool) -> None:
    """Decide whether an update that was cut off goes on or begins anew; where nobody says, ask.

    Raises:
        InputError: when one is to go on, and was not cut off.
    """
    from onward.cli.show import console, fact
    from onward.release.cut import given_up, was_cut

    if not was_cut(going):
        if resume:
            raise InputError(
                "no such update was cut off: its journal is gone, or another parent, method, setting, seed, other data "
                "or other software make it another one. Leave out --resume to make it"
            )
        return
    if resume is None:
        asked = console().is_terminal and sys.stdin.isatty() and not quiet
        resume = typer.confirm("This very update was cut off. Go on with it?", default=True) if asked else True
    if not resume:
        given_up(going)
    elif not quiet:
        fact("resume", "goes on where it was cut off; --anew begins anew")


def way_on(reference: str, lineage: Path) -> str:
    """Return the command that goes on with an update of a version."""
    place = "" if lineage == DEFAULT_LINEAGE else f" --lineage {shlex.quote(str(lineage))}"
    return f"onward update {shlex.quote(reference)} --resume{place}"
