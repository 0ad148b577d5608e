"""What came of a reproduction, in whichever form it is told: tables, sentences, files, a picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from onward.experiment.export import Comparable, export_comparison
from onward.experiment.gains import Comparison, Roles, compared
from onward.experiment.growth import Grew, Growth, grew
from onward.experiment.published import Beside, Published, beside
from onward.experiment.results import Results
from onward.experiment.switches import Switches, switches
from onward.report import growth_table, plots, published_table, standings, switch_plot, switch_tables
from onward.reproduction import growth_told, published_told, switches_told, told
from onward.reproduction.claim import Reproduction


@dataclass(frozen=True)
class Account:
    """What came of one reproduction.

    Args:
        comparison: everything that was compared.
        records: of it, a line of ``comparison.csv`` each.
        tables: for a terminal.
        lines: words, each with a sentence: what was claimed, what came.
        picture: draws one into a folder and returns its path; raises ``InputError`` when there is nothing to draw and
            ``MissingExtraError`` when matplotlib is not installed.
    """

    comparison: Comparison | Switches | Beside | Grew
    records: Comparable
    tables: tuple[Table, ...]
    lines: tuple[tuple[str, str], ...]
    picture: Callable[[Path], Path]

    def export(self, folder: Path) -> None:
        """Write ``comparison.csv``."""
        export_comparison(self.records, folder)

    def values(self) -> dict[str, Any]:
        """Return everything that was compared as plain values."""
        return asdict(self.comparison)


def account(reproduction: Reproduction, results: Results) -> Account:
    """Return what came of a reproduction.

    Raises:
        InputError: when a label that has a role is not among the results.
    """
    if isinstance(reproduction.roles, Roles):
        return of_gains(reproduction, results, compared(results, reproduction.roles))
    if isinstance(reproduction.roles, Published):
        return of_published(reproduction, results, beside(results, reproduction.roles))
    if isinstance(reproduction.roles, Growth):
        return of_growth(reproduction, results, grew(results, reproduction.roles))
    return of_switches(reproduction, results, switches(results, reproduction.roles))


def of_gains(reproduction: Reproduction, results: Results, found: Comparison) -> Account:
    """Return methods beside a baseline: standings, and the accuracy after each update."""
    tables = standings.standings_table(found, results.name), standings.updates_table(results)
    return Account(found, found.standings, tables, tuple(told.lines(reproduction, found)), learning(results))


def of_published(reproduction: Reproduction, results: Results, found: Beside) -> Account:
    """Return methods beside what a paper printed of them, and the accuracy after each update."""
    tables = published_table.published_table(found, results.name), standings.updates_table(results)
    return Account(found, found.lines, tables, tuple(published_told.lines(reproduction, found)), learning(results))


def of_growth(reproduction: Reproduction, results: Results, found: Grew) -> Account:
    """Return a network that grows beside others: what each learned, kept and cost, cell by cell."""
    tables = (growth_table.growth_table(found, results.name),)
    return Account(found, found.each, tables, tuple(growth_told.lines(reproduction, found)), learning(results))


def of_switches(reproduction: Reproduction, results: Results, found: Switches) -> Account:
    """Return starts of new rows in several cells: what comes of them, and what happens at the switches."""
    tables = switch_tables.outcome_table(found, results.name), switch_tables.switch_table(found)

    def across(folder: Path) -> Path:
        return switch_plot.across_switches(results, found.grid, folder / "switches.png")

    return Account(found, found.each, tables, tuple(switches_told.lines(reproduction, found)), across)


def learning(results: Results) -> Callable[[Path], Path]:
    """Return what draws how the methods learned."""
    return lambda folder: plots.learning(results, folder / "learning.png")
