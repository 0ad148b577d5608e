"""Commands on what lies between versions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from onward.cli import options
from onward.cli.updating import MADE_NOT_PROMOTED

SecondVersion = Annotated[str, typer.Argument(metavar="SECOND", help="The version at the other end, α = 1.")]
LookedAt = Annotated[
    list[str] | None,
    typer.Option(
        "--data",
        metavar="SOURCE",
        help="A data set to look at; may be given several times.",
        show_default="the test sets of both",
    ),
]
Points = Annotated[int, typer.Option(metavar="NUMBER", help="Of the line, both ends among them.")]
StatisticsData = Annotated[
    list[str] | None,
    typer.Option(
        "--statistics",
        metavar="SOURCE",
        help="Training data from which batch norm's running statistics are taken anew; may be given several times. "
        "Without it they are averaged as weights are.",
    ),
]
Curvature = Annotated[
    int, typer.Option(metavar="NUMBER", help="So many of the loss's largest Hessian eigenvalues at both ends.")
]
Picture = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Draw it as well: .png, .svg or .pdf.")]
Others = Annotated[list[str] | None, typer.Argument(metavar="OTHER", help="The versions to blend it with.")]
Alpha = Annotated[
    float | None,
    typer.Option(
        metavar="NUMBER", help="How far to the one OTHER: from 0, the version in use, to 1.", show_default="all alike"
    ),
]
ChooseOn = Annotated[
    list[str] | None,
    typer.Option(
        metavar="SOURCE",
        help="Held-out data on which the best is chosen; may be given several times. With one OTHER that is the best "
        "alpha, with more a greedy soup: each comes in only if accuracy does not fall.",
    ),
]
Last = Annotated[int | None, typer.Option(metavar="NUMBER", help="Blend so many: REFERENCE and those before it.")]
ChoicePoints = Annotated[int, typer.Option(metavar="NUMBER", help="Values of alpha to choose among, 0 and 1 too.")]
SecondLineage = Annotated[
    Path | None, typer.Option(metavar="FOLDER", help="Where SECOND is, if not in the same lineage.")
]


def connect(
    reference: options.Reference,
    second: SecondVersion,
    data: LookedAt = None,
    points: Points = 11,
    statistics: StatisticsData = None,
    curvature: Curvature = 0,
    out: Picture = None,
    second_lineage: SecondLineage = None,
    lineage: options.LineageFolder = options.DEFAULT_LINEAGE,
    data_dir: options.DataDir = None,
    as_json: options.AsJson = False,
) -> None:
    """Show loss and accuracy on the way from one version to another.

    The way is the straight line between their weights. The barrier is by how much the loss rises above the straight
    line between its values at both ends. Where there is none, `onward blend` makes a version in between.
    """
    from onward.blend.connection import connection
    from onward.blend.held_out import given, looked_at, with_statistics
    from onward.blend.parts import Part, parts_of
    from onward.cli.blends import connection_lines, connection_values
    from onward.cli.show import console, print_json
    from onward.report.line_plot import line_plot
    from onward.store.lineage import Lineage

    ends = Part.of(Lineage(lineage), reference), Part.of(Lineage(second_lineage or lineage), second)
    parts = with_statistics(parts_of(ends), statistics or (), data_dir)
    sets = given(data, parts.frame, data_dir) if data else looked_at(parts, data_dir)
    found = connection(parts, sets, points, curvature)
    if out is not None:
        line_plot(found.profiles, f"{reference} (α = 0) to {second} (α = 1)", out)
    if as_json:
        print_json(connection_values(found))
        return
    connection_lines(found)
    if out is not None:
        console().print(f"the picture is {out}")


def blend(
    reference: options.Reference,
    others: Others = None,
    alpha: Alpha = None,
    choose_on: ChooseOn = None,
    last: Last = None,
    points: ChoicePoints = 11,
    statistics: StatisticsData = None,
    promote_to: options.PromoteTo = None,
    no_promote: options.NoPromote = False,
    note: options.Note = "",
    lineage: options.LineageFolder = options.DEFAULT_LINEAGE,
    data_dir: options.DataDir = None,
    as_json: options.AsJson = False,
) -> None:
    """Make a version between versions: the mean of their weights.

    REFERENCE is the version in use: the new one is judged beside it by the gate, as an update is, and becomes head if
    the gate lets it. Without --alpha and --choose-on all count alike. Exit code 3: it was made and is kept, but broke a
    rule and was not promoted.
    """
    from onward.blend.making import Recipe, blended, last_of
    from onward.cli.blends import blended_lines, blended_values
    from onward.cli.deciding import head_to_move
    from onward.cli.show import print_json
    from onward.errors import InputError
    from onward.store.lineage import Lineage

    if others and last is not None:
        raise InputError("name the other versions, or say how many with --last, not both")
    place = Lineage(lineage)
    recipe = Recipe(alpha, tuple(choose_on or ()), points, tuple(statistics or ()), note)
    references = last_of(place, reference, last) if last is not None else [reference, *(others or ())]
    head = head_to_move(place, reference, promote_to, no_promote)
    done = blended(place, references, recipe, head, data_dir)
    if as_json:
        print_json(blended_values(done))
    else:
        blended_lines(done, recipe.chosen_on, head)
    if head is not None and done.release is not None and not done.release.promoted:
        raise typer.Exit(MADE_NOT_PROMOTED)
