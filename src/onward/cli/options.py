"""Options that several commands take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

LineageFolder = Annotated[
    Path, typer.Option("--lineage", envvar="ONWARD_LINEAGE", help="The folder of the lineage.", show_default=True)
]
DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", envvar="ONWARD_DATA", help="Where data sets by name are looked for.", show_default="the cache"),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print the result alone.")]
Reference = Annotated[str, typer.Argument(help="A head, head~2 for two versions before it, or the beginning of an id.")]
Tests = Annotated[list[str] | None, typer.Option("--test", help="A test set; may be given several times.")]
Note = Annotated[str, typer.Option("--note", help="Your words, for the version's card.")]
DEFAULT_LINEAGE = Path(".onward")
