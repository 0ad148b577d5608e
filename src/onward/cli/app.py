"""The ``onward`` command."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.console import Console

from onward import __version__
from onward.cli import deciding, experimenting, making, reading
from onward.errors import OnwardError

app = typer.Typer(
    name="onward",
    help="Keep a trained PyTorch model up to date as data arrives, and prove each new version.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command()(experimenting.demo)
app.command()(making.init)
app.command()(making.update)
app.command()(reading.evaluate)
app.command()(reading.predict)
app.command()(reading.log)
app.command()(reading.show)
app.command()(reading.diff)
app.command()(deciding.promote)
app.command()(deciding.rollback)
app.command()(reading.verify)
app.command()(reading.methods)
app.command()(experimenting.run)


def version_wanted(wanted: bool) -> None:
    """Print the version and leave."""
    if wanted:
        sys.stdout.write(f"onward {__version__}\n")
        raise typer.Exit


@app.callback()
def onward(
    version: Annotated[bool, typer.Option("--version", callback=version_wanted, is_eager=True, help="Print it.")] = False,
) -> None:
    """Keep a trained PyTorch model up to date as data arrives, and prove each new version."""


def main() -> None:
    """Run a command. Exit codes: 0 done, 1 a mistake that the message explains, 3 made but not promoted."""
    try:
        code = app(standalone_mode=False)
    except OnwardError as error:
        code = told(str(error))
    except typer.TyperException as error:
        code = told(error.format_message())
    except (typer.Abort, KeyboardInterrupt):
        code = told("stopped; nothing was changed")
    sys.exit(code if isinstance(code, int) else 0)


def told(message: str) -> int:
    """Say what went wrong, and return the exit code of a user's mistake."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(f"error: {message}", markup=False)
    return 1
