"""Results as tables for a terminal."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from rich.table import Table
from rich.text import Text

from onward.experiment.results import Estimate, Results, Summary


class Column(NamedTuple):
    """A measure as it is shown. best: picks the best of the means; None where there is no better and worse."""

    heading: str
    measure: str
    scale: float = 100.0
    decimals: int = 1
    best: Callable[[list[float]], float] | None = None


COLUMNS = (
    Column("average\naccuracy", "average_accuracy", best=max),
    Column("learning\naccuracy", "learning_accuracy", best=max),
    Column("forgetting", "forgetting_from_best", best=min),
    Column("backward\ntransfer", "backward_transfer", best=max),
    Column("seconds", "seconds", scale=1.0),
    Column("samples", "samples", scale=1.0, decimals=0),
)
"""What the table of results shows, from left to right; shares in percent."""


def results_table(results: Results) -> Table:
    """Return a line for each method: mean ± 95 % interval over its finished runs, the best of each accuracy in bold."""
    seeds = len(results.seeds)
    over = f"mean ± 95 % interval (Student's t) over {seeds} seeds" if seeds > 1 else f"seed {results.seeds[0]}"
    table = Table(title=results.name, caption=f"accuracies, forgetting and transfer in %; {over}")
    table.add_column("method")
    for column in COLUMNS:
        table.add_column(column.heading, justify="right")
    summaries = results.summaries()
    if results.failed:
        table.add_column("runs", justify="right")
    best = {column.measure: best_mean(column, summaries) for column in COLUMNS}
    for summary in summaries:
        shown = [cell(column, summary.measures.get(column.measure), best[column.measure]) for column in COLUMNS]
        if results.failed:
            shown.append(Text(f"{summary.runs} of {summary.runs + summary.failed}", "red" * bool(summary.failed)))
        table.add_row(Text(summary.label), *shown)
    return table


def failures_table(results: Results) -> Table:
    """Return a line for each run that failed, with its reason; without lines when none did."""
    table = Table(title=f"{len(results.failed)} of {len(results.cells)} runs failed", title_style="red")
    for heading in ("method", "seed", "reason"):
        table.add_column(heading, overflow="fold")
    for failed in results.failed:
        table.add_row(Text(failed.label), str(failed.seed), Text(failed.failure))
    return table


def best_mean(column: Column, summaries: tuple[Summary, ...]) -> float | None:
    """Return the best mean of a column; None where there is no better and worse, or nothing to compare."""
    means = [summary.measures[column.measure].mean for summary in summaries if summary.measures]
    defined = [mean for mean in means if math.isfinite(mean)]
    return column.best(defined) if column.best is not None and len(defined) > 1 else None


def cell(column: Column, estimate: Estimate | None, best: float | None) -> Text:
    """Return an estimate as it is shown, in bold where it is the best."""
    if estimate is None or not math.isfinite(estimate.mean):
        return Text("–", style="dim")
    return Text(told(estimate, column.scale, column.decimals), style="bold" if estimate.mean == best else "")


def told(estimate: Estimate, scale: float = 1.0, decimals: int = 1) -> str:
    """Return an estimate in words; without an interval where there is none, or none wide enough to be seen.

    >>> told(Estimate(0.9126, 0.0134), scale=100)
    '91.3 ± 1.3'
    """
    mean = f"{scale * estimate.mean:z,.{decimals}f}"
    width = f"{scale * estimate.half_width:,.{decimals}f}"
    seen = math.isfinite(estimate.half_width) and round(scale * estimate.half_width, decimals) > 0
    return f"{mean} ± {width}" if seen else mean
