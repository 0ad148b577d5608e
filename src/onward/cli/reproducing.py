"""The command that runs published claims again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from onward.cli import options

if TYPE_CHECKING:
    from onward.experiment import Results
    from onward.reproduction.account import Account
    from onward.reproduction.registry import Form, Reproduction

Name = Annotated[str | None, typer.Argument(metavar="NAME", help="One of them; without it, all are listed.")]
Quick = Annotated[bool, typer.Option("--quick", help="The form that takes minutes, on less data.")]
Large = Annotated[bool, typer.Option("--large", help="The form at the size of papers, which wants a GPU.")]


def reproduce(
    name: Name = None,
    quick: Quick = False,
    large: Large = False,
    seeds: options.Seeds = None,
    jobs: options.Jobs = None,
    out: options.ResultsFolder = None,
    data_dir: options.DataDir = None,
    as_json: options.AsJson = False,
) -> None:
    """Run a published claim again and compare.

    What came here is told beside what was published. What is finished is not run again. Exit code 1 when runs failed.
    """
    from onward.reproduction.registry import REPRODUCTIONS, find

    if name is None:
        list_them(tuple(REPRODUCTIONS.values()), as_json)
        return
    from onward import experiment
    from onward.cli.experimenting import notice
    from onward.cli.show import console
    from onward.reproduction.account import account

    reproduction, form = find(name), form_of(quick, large)
    with reproduction.file(form) as file:
        wanted = experiment.read(file, data_dir, seeds)
    folder = out or Path("results") / reproduction.called(form)
    results = experiment.conduct(wanted, folder, jobs, None if as_json else notice)
    came = account(reproduction, results)
    came.export(folder)
    picture = drawn(came, folder)
    if as_json:
        print_all(reproduction, form, results, came)
    else:
        show(results, came)
        console().print(f"results.json, comparison.csv, matrices.csv and learning.csv are in {folder}")
        console().print(picture)
    if results.failed:
        raise typer.Exit(1)


def form_of(quick: bool, large: bool) -> Form:
    """Return the form that is asked for.

    Raises:
        InputError: when two are.
    """
    from onward.errors import InputError

    if quick and large:
        raise InputError("--quick and --large are two forms of the same; give one of them, or none for the full form")
    return "quick" if quick else "large" if large else "full"


def list_them(every: tuple[Reproduction, ...], as_json: bool) -> None:
    """Print the reproductions there are, a line each."""
    from dataclasses import asdict

    from onward.cli.show import print_json, print_table, table

    if as_json:
        print_json([asdict(each) for each in every])
        return
    made = table("name", "forms", "is", "reproduces")
    for each in every:
        made.add_row(each.name, ", ".join(each.forms), each.title, each.claim.reference)
    print_table(made)


def show(results: Results, came: Account) -> None:
    """Print the tables and the sentences."""
    from onward.cli.show import console, fact
    from onward.report.tables import failures_table

    for table in came.tables():
        console().print(table)
    if results.failed:
        console().print(failures_table(results))
    for word, told in came.lines():
        fact(word, told)


def drawn(came: Account, folder: Path) -> str:
    """Draw what came, and return a sentence: where the picture is, or why there is none."""
    from onward.errors import InputError, MissingExtraError

    try:
        return f"the picture is {came.draw(folder)}"
    except (InputError, MissingExtraError) as error:
        return f"no picture: {error}"


def print_all(reproduction: Reproduction, form: Form, results: Results, came: Account) -> None:
    """Print everything as JSON."""
    from dataclasses import asdict

    from onward.cli.show import print_json
    from onward.experiment.export import plain

    found: dict[str, Any] = {
        "reproduction": asdict(reproduction),
        "form": form,
        "comparison": came.values(),
        "curves": results.curves(),
        "failed": [asdict(cell) for cell in results.failed],
    }
    print_json(plain(found))
