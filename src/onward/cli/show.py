"""What all commands print with: the terminal, lines, tables, JSON, numbers."""

from __future__ import annotations

import json
import re
import sys
import textwrap
from collections.abc import Sequence
from functools import cache, partial
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

WIDE = 400
"""Columns of a line where there is no terminal."""

ROOM = 24
"""The fewest columns in which a text is broken into lines."""

UNPRINTED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What is no letter but tells a terminal something, or turns the line around, or cannot be written at all."""


def shown(text: str) -> str:
    r"""Return a text in which nothing tells a terminal what to do: a name may come from anywhere.

    >>> print(shown("a\x1b[2Jb"))
    a\u001b[2Jb
    """
    return UNPRINTED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


class Screen(Console):
    """A terminal on which texts are texts."""

    def render_str(self, text: str, **form: Any) -> Text:  # noqa: ANN401 - rich's own
        """Return a text as it is printed."""
        return super().render_str(shown(text), **form)


plain_console = partial(Screen, highlight=False, markup=False, emoji=False, soft_wrap=True)
"""Make a terminal that prints a name as it is, whatever brackets and colons are in it."""


@cache
def console() -> Console:
    """Return the terminal that all commands print to; a file or a pipe has lines as long as they need to be."""
    found = plain_console()
    return found if found.is_terminal else plain_console(width=WIDE)


def say(before: str, told: str, style: str | None = None) -> None:
    """Print a text behind another; what does not fit into a terminal's line goes on below its beginning."""
    room = max(console().width - len(before), ROOM)
    lines = textwrap.wrap(told, room, break_long_words=False, break_on_hyphens=False) or [""]
    console().print((before + f"\n{' ' * len(before)}".join(lines)).rstrip(), style=style)


def fact(name: str, told: str, style: str | None = None) -> None:
    """Print a text behind the word that says what it is about, in the column of all such words."""
    say(f"  {name:<11} ", told, style)


def table(*columns: str, right: Sequence[str] = ()) -> Table:
    """Return an empty table in the style of all our tables."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return made


def print_table(made: Table) -> None:
    """Print a table without the blanks that would fill its last column."""
    with console().capture() as held:
        console().print(made)
    sys.stdout.writelines(f"{line.rstrip()}\n" for line in held.get().splitlines())


def print_json(values: Any) -> None:  # noqa: ANN401 - JSON
    """Print values as JSON and nothing else."""
    console().print(json.dumps(values, indent=1, ensure_ascii=False, default=str))


def percent(share: float | None) -> str:
    """Return a share as percent, or a dash."""
    return "-" if share is None else f"{100 * share:.1f}"


def size(count: float) -> str:
    """Return bytes in a readable unit."""
    return scaled(count, 1024, ("B", "KiB", "MiB", "GiB"))


def flops(count: float) -> str:
    """Return floating-point operations in a readable unit."""
    return scaled(count, 1000, ("FLOPs", "kFLOPs", "MFLOPs", "GFLOPs", "TFLOPs", "PFLOPs"))


def scaled(count: float, step: int, units: Sequence[str]) -> str:
    """Return a count in the first unit in which it is less than ``step``, or else in the last."""
    power = 0
    while count >= step and power < len(units) - 1:
        count, power = count / step, power + 1
    return f"{count:.1f} {units[power]}" if power else f"{count:.0f} {units[0]}"
