"""The command that runs published claims again."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from onward.cli import options

if TYPE_CHECKING:
    from onward.experiment import Results
    from onward.reproduction.account import Account
    from onward.reproduction.claim import Form, Reproduction

Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="[NAME]...", help="One or more of them, or of their groups; without one, all are listed."),
]
Quick = Annotated[bool, typer.Option("--quick", help="The form that takes minutes, on less data.")]
Large = Annotated[bool, typer.Option("--large", help="The form at the size of papers, which wants a GPU.")]


def reproduce(
    names: Names = None,
    quick: Quick = False,
    large: Large = False,
    seeds: options.Seeds = None,
    jobs: options.Jobs = None,
    out: options.ResultsFolder = None,
    data_dir: options.DataDir = None,
    as_json: options.AsJson = False,
) -> None:
    """Run published claims again and compare.

    What came here is told beside what was published. What is finished is not run again. Exit code 1 when runs failed.
    """
    from onward import experiment
    from onward.cli.experimenting import notice
    from onward.cli.show import print_json
    from onward.errors import InputError
    from onward.experiment.export import plain
    from onward.reproduction.account import account
    from onward.reproduction.registry import REPRODUCTIONS, every

    if not names:
        list_them(tuple(REPRODUCTIONS.values()), as_json)
        return
    form, chosen, said, failed = form_of(quick, large), every(names), [], False
    if out and len(chosen) > 1:
        raise InputError(f"--out is the folder of one reproduction, and {len(chosen)} are named; name one, or leave it")
    with ExitStack() as files:  # read before the first of them runs for hours
        wanted = [experiment.read(files.enter_context(each.file(form)), data_dir, seeds) for each in chosen]
    for reproduction, each in zip(chosen, wanted, strict=True):
        folder = out or Path("results") / reproduction.called(form)
        results = experiment.conduct(each, folder, jobs, None if as_json else notice)
        failed = failed or bool(results.failed)
        came = account(reproduction, results)
        came.export(folder)
        said.append(values(reproduction, form, results, came))
        show(results, came, folder, quietly=as_json)
    if as_json:
        print_json(plain(said if len(said) > 1 else said[0]))
    if failed:
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

    from onward.cli.show import fact, print_json, print_table, table
    from onward.errors import listed
    from onward.reproduction.registry import GROUPS

    if as_json:
        print_json([asdict(each) for each in every])
        return
    made = table("name", "forms", "is", "reproduces")
    for each in every:
        made.add_row(each.name, ", ".join(each.forms), each.title, each.claim.reference)
    print_table(made)
    for group, names in GROUPS.items():
        fact(group, f"all of {listed(names)}")


def show(results: Results, came: Account, folder: Path, quietly: bool) -> None:
    """Draw what came; unless quietly, print the tables, the sentences, and where the files are."""
    from onward.cli.show import console, fact
    from onward.report.tables import failures_table

    picture = drawn(came, folder)
    if quietly:
        return
    for table in came.tables:
        console().print(table)
    if results.failed:
        console().print(failures_table(results))
    for word, told in came.lines:
        fact(word, told)
    console().print(f"results.json, comparison.csv, matrices.csv and learning.csv are in {folder}")
    console().print(picture)


def drawn(came: Account, folder: Path) -> str:
    """Draw what came, and return a sentence: where the picture is, or why there is none."""
    from onward.errors import InputError, MissingExtraError

    try:
        return f"the picture is {came.picture(folder)}"
    except (InputError, MissingExtraError) as error:
        return f"no picture: {error}"


def values(reproduction: Reproduction, form: Form, results: Results, came: Account) -> dict[str, Any]:
    """Return everything that is told, as values."""
    from dataclasses import asdict

    return {
        "reproduction": asdict(reproduction),
        "form": form,
        "comparison": came.values(),
        "curves": results.curves(),
        "failed": [asdict(cell) for cell in results.failed],
    }
