"""Commands that compare: the demonstration and whole experiments."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from onward.cli.options import AsJson, DataDir

if TYPE_CHECKING:
    from onward.experiment.pool import Notice


def demo(
    out: Annotated[Path, typer.Option(help="A folder for the lineage and the picture.")] = Path("onward-demo"),
    seed: Annotated[int, typer.Option(help="Of every random stream.")] = 0,
) -> None:
    """Show the whole story on real digits, in under a minute: four arrivals, a poisoned one, a comparison."""
    from onward.cli.story import tell

    tell(out, seed)


def run(
    file: Annotated[Path, typer.Argument(help="A TOML file: a stream, a model, settings, methods, seeds.")],
    out: Annotated[Path | None, typer.Option(help="Where the results go.", show_default="results/NAME")] = None,
    seeds: Annotated[int | None, typer.Option(help="How many seeds, instead of those in the file.")] = None,
    jobs: Annotated[int | None, typer.Option(help="Processes at once.", show_default="one a processor")] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Compare methods on a stream: every method with every seed, in parallel; a finished run is not run again."""
    from onward import experiment
    from onward.cli.show import console, print_json
    from onward.report.tables import failures_table, results_table

    wanted = experiment.read(file, data_dir, seeds)
    folder = out or Path("results") / wanted.name
    results = experiment.conduct(wanted, folder, jobs, None if as_json else notice)
    if as_json:
        print_json(json.loads((folder / "results.json").read_text(encoding="utf-8")))
    else:
        console().print(results_table(results))
        if results.failed:
            console().print(failures_table(results))
        console().print(f"results.json, results.csv and matrices.csv are in {folder}", markup=False)
    if results.failed:
        raise typer.Exit(1)


def notice(told: Notice) -> None:
    """Print that a run is finished, was found finished, or failed."""
    from onward.cli.show import console

    reason = f": {told.told}" if told.told else ""
    console().print(f"  {told.finished}/{told.of}  {told.label}, seed {told.seed}: {told.state}{reason}", markup=False)
