"""Commands that compare: the demonstration and whole experiments."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from onward.cli.options import AsJson, DataDir


def demo(
    out: Annotated[Path, typer.Option(help="A folder for the lineage and the picture.")] = Path("onward-demo"),
    seed: Annotated[int, typer.Option(help="Of every random stream.")] = 0,
) -> None:
    """Show the whole story on real digits, in under a minute: four arrivals, a poisoned one, a comparison."""
    from onward.cli.story import tell

    tell(out, seed)


def run(file: Path, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Compare methods."""
