"""Starts of new rows side by side, as tables for a terminal."""

from __future__ import annotations

import math
from collections.abc import Callable

from rich.table import Table
from rich.text import Text

from onward.errors import counted
from onward.experiment.results import Estimate
from onward.experiment.switches import SHARES, STEPS, Switches, Switching
from onward.report.standings import number, percent
from onward.report.tables import told

OUTCOME = ("final\naccuracy", "gain in\npoints", "stability\ngap", "plasticity\ngap", "knowledge\ngap")
SWITCH = (
    "new classes\nbefore a step",
    "loss\nspike",
    f"loss, first\n{STEPS} steps",
    f"loss, last\n{STEPS} steps",
    *(f"steps to\n{100 * share:g} %" for share in SHARES),
    "times\nfewer",
)
"""What the two tables show behind cell and start, from left to right."""


def outcome_table(found: Switches, name: str) -> Table:
    """Return what comes of each start in each cell, the contender's lines in bold."""
    grid = found.grid
    runs = max(each.runs for each in found.each)
    over = "mean ± 95 % interval (Student's t)" if runs > 1 else "mean"
    caption = (
        f"in %, {over} over {counted(runs, 'seed')}; gain over {grid.baseline}, paired by seed; gaps: what was missing "
        f"of the accuracy of {grid.oracle} on the way, on old, new and all classes"
    )
    return filled(Table(title=Text(name), caption=Text(caption)), OUTCOME, found, outcome_cells)


def switch_table(found: Switches) -> Table:
    """Return what happens at the switches for each start in each cell."""
    caption = (
        f"means over updates and seeds; spike: the highest loss of the first {STEPS} steps less the mean of the last "
        f"{STEPS} of the task before; steps to a share of the accuracy on new classes with which {found.grid.baseline} "
        f"ends, median; times fewer than {found.grid.baseline} takes to all of it, median"
    )
    return filled(Table(title="at the switches", caption=Text(caption)), SWITCH, found, switch_cells)


def filled(
    table: Table, headings: tuple[str, ...], found: Switches, cells: Callable[[Switching], tuple[str, ...]]
) -> Table:
    """Return a table with a line for each start in each cell."""
    table.add_column("cell")
    table.add_column("start")
    for heading in headings:
        table.add_column(heading, justify="right")
    last = ""
    for each in found.each:
        style = "bold" if each.start == found.grid.contender else ""
        if last and each.cell != last:
            table.add_section()
        shown = "" if each.cell == last else each.cell
        table.add_row(Text(shown), Text(each.start), *map(Text, cells(each)), style=style)
        last = each.cell
    return table


def outcome_cells(each: Switching) -> tuple[str, ...]:
    """Return what a line of the first table shows."""
    return (percent(each.final), percent(each.gain, decimals=2), *map(percent, each.gaps))


def switch_cells(each: Switching) -> tuple[str, ...]:
    """Return what a line of the second table shows."""
    losses = [loss(found) for found in (each.spike, each.early, each.late)]
    return (percent(each.at_once), *losses, *map(waited, each.steps), fewer(each.faster))


def loss(found: Estimate) -> str:
    """Return an estimate of a loss; a dash where there is none."""
    return told(found, decimals=2) if math.isfinite(found.mean) else "–"


def waited(steps: float) -> str:
    """Return a number of steps; what was not reached is told."""
    return "never" if math.isinf(steps) else number(steps, decimals=0)


def fewer(times: float) -> str:
    """Return how many times fewer steps a start takes; a dash for one that never gets there."""
    return number(times, decimals=1) if times else "–"
