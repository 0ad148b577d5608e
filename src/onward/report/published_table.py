"""Methods beside what a paper printed of them, as a table for a terminal."""

from __future__ import annotations

import math

from rich.table import Table
from rich.text import Text

from onward.errors import counted
from onward.experiment.published import NEAR, Beside, Line
from onward.report.standings import number

HEADINGS = ("accuracy", "published", "apart\nin std", "verdict", "forgetting", "published", "seeds", "table")
"""What the table shows behind the method, from left to right."""

STYLES = {"above": "green", "below": "red"}


def published_table(found: Beside, name: str) -> Table:
    """Return a line for each method, that of the paper's own in bold.

    Args:
        found: the methods here and in the paper.
        name: of the experiment.
    """
    runs = max((line.runs for line in found.lines), default=0)
    caption = (
        f"accuracy and forgetting in %; mean ± standard deviation over {counted(runs, 'seed')}; apart: in the paper's "
        f"standard deviations; within: by at most {NEAR:g} of them"
        + ", and the 95 % interval here"
        * found.published.widened
    )
    table = Table(title=Text(name), caption=Text(caption))
    table.add_column("method")
    for heading in HEADINGS:
        table.add_column(heading, justify="right")
    for line in found.lines:
        style = "bold" if line.label == found.published.contender else ""
        table.add_row(Text(line.label), *shown(line), style=style)
    return table


def shown(line: Line) -> tuple[Text, ...]:
    """Return what a method's line shows, in the order of ``HEADINGS``."""
    printed = line.printed
    return (
        Text(with_std(line.accuracy.mean, line.std)),
        Text(with_std(printed.accuracy, printed.std, decimals=2)),
        Text(f"{line.apart:+.1f}" if math.isfinite(line.apart) else "–"),
        Text(line.verdict or "–", STYLES.get(line.verdict, "")),
        Text(number(100 * line.forgetting.mean, decimals=1)),
        Text(number(100 * printed.forgetting, decimals=0)),
        Text(str(line.runs)),
        Text(printed.where or "–"),
    )


def with_std(mean: float, std: float, decimals: int = 1) -> str:
    """Return a share in percent with its standard deviation; without one where there is none."""
    told = number(100 * mean, decimals)
    return f"{told} ± {100 * std:.{decimals}f}" if math.isfinite(mean) and math.isfinite(std) else told
