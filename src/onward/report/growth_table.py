"""What came of a network that grows, as a table for a terminal."""

from __future__ import annotations

import math

from rich.table import Table
from rich.text import Text

from onward.errors import counted
from onward.experiment.growth import Grew, Grown
from onward.report.standings import number, percent

HEADINGS = (
    "all tests",
    "target",
    "target,\ntask told",
    "source\nbefore",
    "source",
    "source,\ntask told",
    "parameters\nadded",
    "times",
    "TFLOPs",
    "seconds",
    "seeds",
)
"""What the table shows behind the method, from left to right."""


def growth_table(found: Grew, name: str) -> Table:
    """Return a line for each method, cell by cell; that of the contender in bold.

    Args:
        found: the comparison.
        name: of the experiment.
    """
    runs = max(each.runs for each in found.each)
    over = "mean ± 95 % interval (Student's t)" if runs > 1 else "mean"
    caption = (
        f"accuracies in %, {over} over {counted(runs, 'seed')}; source before: the target, task told; "
        "times: parameters at the end over those before; TFLOPs and seconds: of learning the target"
    )
    table = Table(title=Text(name), caption=Text(caption))
    table.add_column("method")
    for heading in HEADINGS:
        table.add_column(heading, justify="right")
    for cell in found.cells:
        table.add_section()
        if cell:
            table.add_row(Text(cell, "italic"), *[""] * len(HEADINGS))
        for each in found.each:
            if each.cell == cell:
                style = "bold" if each.method == found.growth.contender else ""
                table.add_row(Text(each.method), *map(Text, shown(each)), style=style)
    return table


def shown(grown: Grown) -> tuple[str, ...]:
    """Return what a method's line shows, in the order of ``HEADINGS``."""
    return (
        percent(grown.final, decimals=2),
        percent(grown.target),
        percent(grown.target_within),
        percent(grown.source_before),
        percent(grown.source),
        percent(grown.source_within),
        f"{grown.added:,.0f}" if math.isfinite(grown.added) else "–",
        number(grown.times, decimals=2),
        number(grown.flops / 1e12, decimals=2),
        number(grown.seconds, decimals=1),
        str(grown.runs),
    )
