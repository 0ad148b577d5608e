"""What is done about data that is not as it should be, as commands take it on the command line."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

LINEAGE_S = "as lineage.toml says"

SECONDS = 30.0
"""Between two entries of an update's journal."""

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
Arrived = Annotated[
    str | None,
    typer.Option("--data", metavar="SOURCE", help="What arrived; see below. With --resume, left out: as it was begun."),
]
Resume = Annotated[
    bool | None,
    typer.Option(
        "--resume/--anew",
        help="Go on with this update where it was cut off, to the same bits; or begin it anew.",
        show_default="asks, or goes on where nobody can answer",
    ),
]
Every = Annotated[
    float,
    typer.Option(
        "--journal",
        metavar="SECONDS",
        min=0.0,
        help="How often to write down how far it is; 0 never does. At most a 50th of the time goes into it.",
    ),
]
Workers = Annotated[int | None, typer.Option(metavar="NUMBER", help="Threads that decode files.", show_default="4")]


def answers(**said: str | None) -> dict[str, str]:
    """Return which of these answers were given, by the names of ``Care``."""
    return {name: answer for name, answer in said.items() if answer is not None}
