"""What came of a reproduction, in whichever form it is told: tables, sentences, files, a picture."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from rich.table import Table

from onward.experiment.export import export_comparison
from onward.experiment.gains import Comparison, Roles, compared
from onward.experiment.growth import Grew, Growth, grew
from onward.experiment.published import Beside, Published, beside
from onward.experiment.results import Results
from onward.experiment.switches import Switches, switches
from onward.report import growth_table, plots, published_table, standings, switch_plot, switch_tables
from onward.reproduction import growth_told, published_told, switches_told, told
from onward.reproduction.claim import Reproduction


class Account(Protocol):
    """What came of one reproduction."""

    def tables(self) -> Iterable[Table]:
        """Return the tables for a terminal."""
        ...

    def lines(self) -> Iterable[tuple[str, str]]:
        """Return words, each with a sentence: what was claimed, what came."""
        ...

    def export(self, folder: Path) -> None:
        """Write ``comparison.csv``."""
        ...

    def draw(self, folder: Path) -> Path:
        """Draw a picture into a folder and return its path.

        Raises:
            InputError: when there is nothing to draw.
            MissingExtraError: when matplotlib is not installed.
        """
        ...

    def values(self) -> dict[str, Any]:
        """Return everything that was compared as plain values."""
        ...


@dataclass(frozen=True)
class GainsAccount:
    """Methods beside a baseline."""

    reproduction: Reproduction
    results: Results
    comparison: Comparison

    def tables(self) -> Iterable[Table]:
        """Return the standings, and the accuracy after each update."""
        return standings.standings_table(self.comparison, self.results.name), standings.updates_table(self.results)

    def lines(self) -> Iterable[tuple[str, str]]:
        """Return the claim, the gain, the gap that is closed and the next best."""
        return told.lines(self.reproduction, self.comparison)

    def export(self, folder: Path) -> None:
        """Write a line for each method."""
        export_comparison(self.comparison.standings, folder)

    def draw(self, folder: Path) -> Path:
        """Draw how the methods learned."""
        return plots.learning(self.results, folder / "learning.png")

    def values(self) -> dict[str, Any]:
        """Return the comparison."""
        return asdict(self.comparison)


@dataclass(frozen=True)
class SwitchesAccount:
    """Starts of new rows, in several cells."""

    reproduction: Reproduction
    results: Results
    comparison: Switches

    def tables(self) -> Iterable[Table]:
        """Return what comes of the starts, and what happens at the switches."""
        name = self.results.name
        return switch_tables.outcome_table(self.comparison, name), switch_tables.switch_table(self.comparison)

    def lines(self) -> Iterable[tuple[str, str]]:
        """Return the claim, and of the spike, the steps and the accuracy what came."""
        return switches_told.lines(self.reproduction, self.comparison)

    def export(self, folder: Path) -> None:
        """Write a line for each start in each cell."""
        export_comparison(self.comparison.each, folder)

    def draw(self, folder: Path) -> Path:
        """Draw loss and accuracy across the switches."""
        return switch_plot.across_switches(self.results, self.comparison.grid, folder / "switches.png")

    def values(self) -> dict[str, Any]:
        """Return the comparison."""
        return asdict(self.comparison)


@dataclass(frozen=True)
class PublishedAccount:
    """Methods beside what a paper printed of them."""

    reproduction: Reproduction
    results: Results
    comparison: Beside

    def tables(self) -> Iterable[Table]:
        """Return accuracy and forgetting beside the printed ones, and the accuracy after each update."""
        name = self.results.name
        return published_table.published_table(self.comparison, name), standings.updates_table(self.results)

    def lines(self) -> Iterable[tuple[str, str]]:
        """Return the claim, how the paper's own method and all others stand beside it, and what was not run."""
        return published_told.lines(self.reproduction, self.comparison)

    def export(self, folder: Path) -> None:
        """Write a line for each method."""
        export_comparison(self.comparison.lines, folder)

    def draw(self, folder: Path) -> Path:
        """Draw how the methods learned."""
        return plots.learning(self.results, folder / "learning.png")

    def values(self) -> dict[str, Any]:
        """Return the comparison."""
        return asdict(self.comparison)


@dataclass(frozen=True)
class GrowthAccount:
    """A network that grows, beside others."""

    reproduction: Reproduction
    results: Results
    comparison: Grew

    def tables(self) -> Iterable[Table]:
        """Return what each method learned, kept and cost, cell by cell."""
        return (growth_table.growth_table(self.comparison, self.results.name),)

    def lines(self) -> Iterable[tuple[str, str]]:
        """Return the claim, and of source, target, size and two steps what came."""
        return growth_told.lines(self.reproduction, self.comparison)

    def export(self, folder: Path) -> None:
        """Write a line for each method in each cell."""
        export_comparison(self.comparison.each, folder)

    def draw(self, folder: Path) -> Path:
        """Draw how the methods learned."""
        return plots.learning(self.results, folder / "learning.png")

    def values(self) -> dict[str, Any]:
        """Return the comparison."""
        return asdict(self.comparison)


def account(reproduction: Reproduction, results: Results) -> Account:
    """Return what came of a reproduction.

    Raises:
        InputError: when a label that has a role is not among the results.
    """
    if isinstance(reproduction.roles, Roles):
        return GainsAccount(reproduction, results, compared(results, reproduction.roles))
    if isinstance(reproduction.roles, Published):
        return PublishedAccount(reproduction, results, beside(results, reproduction.roles))
    if isinstance(reproduction.roles, Growth):
        return GrowthAccount(reproduction, results, grew(results, reproduction.roles))
    return SwitchesAccount(reproduction, results, switches(results, reproduction.roles))
