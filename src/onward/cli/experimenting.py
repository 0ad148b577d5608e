"""Commands that compare: the demonstration and whole experiments."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from onward.cli import options

if TYPE_CHECKING:
    from onward.experiment.pool import Notice


def demo(out: options.StoryFolder = Path("onward-demo"), seed: options.Seed = 0) -> None:
    """Tell the whole story on real digits, in under a minute.

    Four arrivals, of which each is an update by the commands that you would type; then one with wrong labels, which
    the gate stops; then three methods compared.
    """
    from onward.cli.story import tell

    tell(out, seed)


def run(
    file: options.Experiment,
    out: options.ResultsFolder = None,
    seeds: options.Seeds = None,
    jobs: options.Jobs = None,
    data_dir: options.DataDir = None,
    as_json: options.AsJson = False,
) -> None:
    """Compare methods on a stream, in parallel.

    Every method runs with every seed; what is finished is not run again. Exit code 1 when runs failed.
    """
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
        console().print(f"results.json, results.csv and matrices.csv are in {folder}")
    if results.failed:
        raise typer.Exit(1)


def notice(told: Notice) -> None:
    """Print that a run is finished, was found finished, or failed."""
    from onward.cli.show import console

    reason = f": {told.told}" if told.told else ""
    console().print(f"  {told.finished}/{told.of}  {told.label}, seed {told.seed}: {told.state}{reason}")
