"""The ``onward`` command."""

from __future__ import annotations

import sys
import warnings
from dataclasses import fields
from typing import Annotated

import typer

from onward import __version__
from onward.cli import (
    advising,
    amending,
    blending,
    cataloguing,
    collecting,
    deciding,
    experimenting,
    exporting,
    making,
    reading,
    reproducing,
    squeezing,
    updating,
)
from onward.cli.options import SOURCES, example
from onward.errors import OnwardError
from onward.heap import keep_what_is_freed
from onward.settings import Settings

STOPPED = 130
"""The exit code after Ctrl-C, as shells have it."""

SETTINGS = f"Settings: {', '.join(f'{field.name}={field.default}' for field in fields(Settings))}."

app = typer.Typer(
    name="onward",
    help="Keep a trained PyTorch model up to date as data arrives, and prove each new version.",
    epilog="onward COMMAND --help tells all of a command. Exit codes: 0 done; 1 a mistake, which the message explains; "
    "3 made but not promoted; 130 stopped by Ctrl-C, 143 by SIGTERM.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command(epilog=example("demo --out story"))(experimenting.demo)
app.command(
    epilog=example(
        "init prod --model 'cnn(width=16)' --test mnist:test",
        "init prod --model mypkg.nets:build --weights model.safetensors\n--classes labels.txt --test data/test",
    )
)(making.init)
app.command(
    epilog=f"{SOURCES}\n{SETTINGS}\n\n"
    + example("update prod --data data/week-47 --method 'lwf | replay(size=500)'\n--epochs 10 --set lr=0.01")
)(updating.update)
app.command(epilog=SOURCES + "\n" + example("advise prod --data data/week-47"))(advising.advise)
app.command(epilog=SOURCES + "\n" + example("evaluate prod~1 mnist:test"))(reading.evaluate)
app.command(epilog=SOURCES + "\n" + example("predict prod data/new --out said.csv"))(reading.predict)
app.command(epilog=example("log prod"))(reading.log)
app.command(epilog=example("show prod~1"))(reading.show)
app.command(epilog=example("diff prod~1 prod"))(reading.diff)
app.command(
    epilog=SOURCES
    + "\n"
    + example("connect prod~1 prod", "connect prod~1 prod --data old.npz --data new.npz\n--out line.png")
)(blending.connect)
app.command(
    epilog=SOURCES
    + "\n"
    + example("blend prod 7f3a91c2 --alpha 0.4", "blend prod 7f3a91c2 --choose-on held-out.npz", "blend prod --last 5")
)(blending.blend)
app.command(
    epilog=SOURCES
    + "\n"
    + example("squeeze prod --share 0.5", "squeeze prod --by change --tolerance 0.002 --data held-out.npz")
)(squeezing.squeeze)
app.command(epilog=SOURCES + "\n" + example("export prod --to served --format onnx"))(exporting.export)
app.command(epilog=example("card prod --out README.md"))(amending.card)
app.command(epilog=example("classes prod"))(amending.classes)
app.command(epilog=example("rename prod aeroplane plane"))(amending.rename)
app.command(epilog=example("merge prod kitten cat"))(amending.merge)
app.command(epilog=SOURCES + "\n" + example("forget prod data/withdrawn"))(amending.forget)
app.command(epilog=example("promote 7f3a91c2 prod"))(deciding.promote)
app.command(epilog=example("rollback prod"))(deciding.rollback)
app.command(epilog=example("verify --lineage .onward"))(reading.verify)
app.command(epilog=example("gc", "gc --keep 10 --yes"))(collecting.gc)
app.command(epilog=example("methods", "methods ewc"))(cataloguing.methods)
app.command(epilog=example("run digits.toml --seeds 5 --jobs 2"))(experimenting.run)
app.command(epilog=example("reproduce", "reproduce ckca --quick --jobs 2"))(reproducing.reproduce)


def version_wanted(wanted: bool) -> None:
    """Print the version and leave."""
    if wanted:
        sys.stdout.write(f"onward {__version__}\n")
        raise typer.Exit


@app.callback()
def onward(
    version: Annotated[
        bool, typer.Option("--version", callback=version_wanted, is_eager=True, help="Show onward's version and exit.")
    ] = False,
) -> None:
    """Keep a trained PyTorch model up to date as data arrives, and prove each new version."""


def main() -> None:
    """Run a command, and end with its exit code."""
    keep_what_is_freed()
    warnings.filterwarnings("ignore", module="PIL")  # an image that is odd and can be read is none of the user's worry
    try:
        code = app(sys.argv[1:] or ["--help"], "onward", standalone_mode=False)
    except OnwardError as error:
        code = told(f"error: {error}")
    except typer.TyperException as error:
        path = getattr(getattr(error, "ctx", None), "command_path", "onward")
        code = told(f"error: {error.format_message().rstrip('.')} (see {path} --help)")
    except OSError as error:
        code = told(f"error: {error.strerror}: {error.filename}" if error.filename else f"error: {error}")
    except (typer.Abort, KeyboardInterrupt):
        code = STOPPED
    if code == STOPPED:
        told("stopped; what was not finished was not written")
    sys.exit(code if isinstance(code, int) else 0)


def told(message: str) -> int:
    """Say why there is no result, and return the exit code of a user's mistake."""
    from onward.cli.show import plain_console

    plain_console(stderr=True).print(message)
    return 1
