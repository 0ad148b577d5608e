"""What is done about data that is not as it should be, as commands take it on the command line."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

LINEAGE_S = "as lineage.toml says"

Unlabeled = Annotated[
    Literal["refuse", "skip"] | None,
    typer.Option(help="What to do about files or rows without a class.", show_default=LINEAGE_S),
]
Corrupt = Annotated[
    Literal["refuse", "skip"] | None,
    typer.Option(help="What to do about files or rows that cannot be used.", show_default=LINEAGE_S),
]
Duplicates = Annotated[
    Literal["keep", "drop", "refuse"] | None,
    typer.Option(help="About new examples of the same content.", show_default=LINEAGE_S),
]
Overlap = Annotated[
    Literal["drop", "keep", "refuse"] | None,
    typer.Option(help="About new examples that are in a test set as well.", show_default=LINEAGE_S),
]
NewClasses = Annotated[
    bool, typer.Option("--new-classes", help="Names that look like those of known classes are new all the same.")
]
Workers = Annotated[int | None, typer.Option(metavar="NUMBER", help="Threads that decode files.", show_default="4")]


def answers(**said: str | None) -> dict[str, str]:
    """Return which of these answers were given, by the names of ``Care``."""
    return {name: answer for name, answer in said.items() if answer is not None}
