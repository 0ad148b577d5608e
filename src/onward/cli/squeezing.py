"""The command that takes units out again which an expansion added."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from onward.cli import options
from onward.cli.updating import MADE_NOT_PROMOTED

if TYPE_CHECKING:
    from onward.amend.squeezing import Squeezed

By = Annotated[
    str,
    typer.Option(
        metavar="CRITERION",
        help="Which go first: magnitude, those that are read by the least weights; or change, those without which the "
        "logits of --data move least.",
    ),
]
Share = Annotated[float | None, typer.Option(metavar="NUMBER", help="Of the added units, in [0, 1], so many go.")]
Tolerance = Annotated[
    float | None,
    typer.Option(
        metavar="NUMBER", help="Instead: as many as may go until accuracy on --data falls by more than that, in [0, 1]."
    ),
]
HeldOutData = Annotated[
    list[str] | None,
    typer.Option(
        "--data", metavar="SOURCE", help="Held-out data that no test set has; may be given several times; see below."
    ),
]


def squeeze(
    reference: options.Reference,
    by: By = "magnitude",
    share: Share = None,
    tolerance: Tolerance = None,
    data: HeldOutData = None,
    promote_to: options.PromoteTo = None,
    no_promote: options.NoPromote = False,
    note: options.Note = "",
    lineage: options.LineageFolder = options.DEFAULT_LINEAGE,
    data_dir: options.DataDir = None,
    as_json: options.AsJson = False,
) -> None:
    """Take out units of an expanded network that carry nothing.

    Those of its last expansion, with all their weights: tensors get smaller, and what was there before stays as it is.
    The new version is judged by the gate, as an update is, and becomes head if the gate lets it. Exit code 3: it was
    made and is kept, but broke a rule and was not promoted.
    """
    from onward.amend.squeezing import Squeeze
    from onward.amend.squeezing import squeeze as made
    from onward.cli.amending import begun
    from onward.cli.show import print_json
    from onward.schema import checked

    given = {"by": by, "share": share, "tolerance": tolerance, "data": tuple(data or ()), "note": note}
    wanted = checked(Squeeze, given, "what is to be taken out")
    start = begun(lineage, reference, promote_to, no_promote)
    done = made(start, wanted, data_dir)
    if as_json:
        print_json(squeezed_values(done))
    else:
        squeezed_lines(done, start.head)
    if start.head is not None and done.release is not None and not done.release.promoted:
        raise typer.Exit(MADE_NOT_PROMOTED)


def squeezed_lines(done: Squeezed, head: str | None) -> None:
    """Print what was taken out, and what came of it."""
    from onward.cli.show import fact, percent
    from onward.cli.updates import release_lines

    if done.release is None:
        fact("version", "none was made: no unit can go")
        return
    fact("made", done.release.version.card.act)
    (had, have), (was, now) = done.units, done.parameters
    fact("size", f"{had:,} -> {have:,} added units, {was:,} -> {now:,} parameters")
    if done.accuracy is not None:
        fact("held out", f"{percent(done.accuracy[0])} -> {percent(done.accuracy[1])} %")
    release_lines(done.release, head)


def squeezed_values(done: Squeezed) -> dict[str, Any]:
    """Return what came of it, as JSON."""
    from onward.cli.updates import release_values

    told = {"units": done.units, "parameters": done.parameters, "accuracy": done.accuracy}
    release = {"version": None, "promoted": False} if done.release is None else release_values(done.release)
    return {**release, **told}
