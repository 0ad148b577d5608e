"""How methods stand beside a baseline, as tables for a terminal."""

from __future__ import annotations

import math

from rich.table import Table
from rich.text import Text

from onward.errors import counted
from onward.experiment.gains import Comparison, Ends, Standing
from onward.experiment.results import Estimate, Results
from onward.report.tables import told

HEADINGS = (
    "final\naccuracy",
    "average over\nthe updates",
    "gain in\npoints",
    "of the gap\nclosed",
    "samples of\nan update",
    "seconds of\nan update",
    "kept\nbytes",
    "still\nfalling",
)
"""What the table of standings shows behind the method, from left to right."""


def standings_table(comparison: Comparison, name: str) -> Table:
    """Return a line for each method, the contender's in bold.

    Args:
        comparison: of the methods.
        name: of the experiment.
    """
    roles, runs = comparison.roles, max(each.runs for each in comparison.standings)
    over = "mean ± 95 % interval (Student's t)" if runs > 1 else "mean"
    caption = (
        f"in %, {over} over {counted(runs, 'seed')}; gain over {roles.baseline}, paired by seed; gap from "
        f"{roles.baseline} to {roles.oracle}; of an update: the second → the last; still falling: share of its fall "
        "that the loss fell in the last tenth of an update, over all updates"
    )
    table = Table(title=Text(name), caption=Text(caption))
    table.add_column("method")
    for heading in HEADINGS:
        table.add_column(heading, justify="right")
    for standing in comparison.standings:
        style = "bold" if standing.label == roles.contender else ""
        table.add_row(Text(standing.label), *map(Text, shown(standing)), style=style)
    return table


def shown(standing: Standing) -> tuple[str, ...]:
    """Return what a standing's line shows, in the order of ``HEADINGS``."""
    return (
        percent(standing.final),
        percent(standing.average),
        percent(standing.gain, decimals=2),
        percent(standing.closed),
        ends(standing.samples, decimals=0),
        ends(standing.seconds, decimals=1),
        number(standing.kept_bytes, decimals=0),
        number(100 * standing.still_falling, decimals=1),
    )


def updates_table(results: Results) -> Table:
    """Return the mean accuracy after each update on the experiences so far, a line for each method."""
    curves = results.curves()
    updates = max(map(len, curves.values()), default=0)
    table = Table(title="accuracy after each update", caption="in %, mean over the seeds")
    table.add_column("method")
    for update in range(1, updates + 1):
        table.add_column(str(update), justify="right")
    for label, estimates in curves.items():  # a method that got everything at once stands in the last column
        shown = [number(100 * each.mean, decimals=1) for each in estimates]
        table.add_row(Text(label), *[""] * (updates - len(shown)), *shown)
    return table


def percent(estimate: Estimate, decimals: int = 1) -> str:
    """Return an estimate of a share in percent; a dash where there is none."""
    return told(estimate, 100.0, decimals) if math.isfinite(estimate.mean) else "–"


def ends(found: Ends, decimals: int) -> str:
    """Return what two updates cost; a dash where there are none."""
    return f"{found.second:,.{decimals}f} → {found.last:,.{decimals}f}" if math.isfinite(found.second) else "–"


def number(value: float, decimals: int) -> str:
    """Return a number; a dash where it is not defined."""
    return f"{value:z,.{decimals}f}" if math.isfinite(value) else "–"
