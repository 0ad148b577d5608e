"""Options that several commands take, and what their help says of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

LineageFolder = Annotated[
    Path,
    typer.Option("--lineage", metavar="FOLDER", envvar="ONWARD_LINEAGE", help="Where the versions are."),
]
DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        metavar="FOLDER",
        envvar="ONWARD_DATA",
        help="Where data sets by name are looked for.",
        show_default="the user's cache",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print what came of it alone.")]
Reference = Annotated[
    str,
    typer.Argument(metavar="REFERENCE", help="A head, head~2 for two versions before it, or how an id begins."),
]
Tests = Annotated[
    list[str] | None,
    typer.Option("--test", metavar="SOURCE", help="A test set; may be given several times."),
]
Note = Annotated[str, typer.Option("--note", metavar="TEXT", help="Your words, for the version's card.")]
Seed = Annotated[int, typer.Option("--seed", metavar="NUMBER", help="Of every random stream.")]
DEFAULT_LINEAGE = Path(".onward")

SOURCES = """
A SOURCE is a data set's name or a path, then where wanted :SPLIT, then @SELECTIONs, which act from left to right:

\b
  mnist:train@classes=0,1,2@shuffle=7@rows=0:5000
  ./photos/week-47            a folder for each class
  arrived/week-47.npz         x and y
"""


def example(*commands: str) -> str:
    """Return the end of a command's help: commands as one types them."""
    return "\n".join(["\b", "Example:", *(f"  onward {command}" for command in commands)])
