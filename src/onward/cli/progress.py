"""Progress of a training, for a terminal or for a log file."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, TaskID, TextColumn

from onward.cli.show import console, fact
from onward.engine.log import Observer, silent
from onward.engine.log import Progress as Told

BAR = 20
"""Columns of a bar."""


@contextmanager
def watched(quiet: bool) -> Generator[Observer]:
    """Give an observer that shows a bar a phase; where there is no terminal, a line at each phase's end."""
    if quiet:
        yield silent
    elif console().is_terminal:
        columns = (TextColumn("  {task.description:<11}"), BarColumn(BAR), TextColumn("{task.fields[told]}"))
        with Progress(*columns, console=console()) as bars:
            yield Bars(bars)
    else:
        lines = LastLines()
        yield lines
        lines.print()


class Bars:
    """One bar for each phase."""

    def __init__(self, bars: Progress) -> None:
        """Draw into ``bars``."""
        self._bars = bars
        self._task = TaskID(0)

    def __call__(self, told: Told) -> None:
        """Move the running phase's bar; a phase that starts gets one."""
        if not told.step:
            self._task = self._bars.add_task(told.phase, total=told.steps, told="")
        self._bars.update(self._task, completed=told.step, told=line(told))


class LastLines:
    """A line for each phase, once it is over: stopped early, it never tells that it is at its last step."""

    def __init__(self) -> None:
        """Begin with no phase."""
        self._last: Told | None = None

    def __call__(self, told: Told) -> None:
        """Remember how far the phase is; print the one before it when one starts."""
        if not told.step:
            self.print()
        self._last = told

    def print(self) -> None:
        """Print how far the last phase came."""
        if self._last is not None and self._last.terms:
            fact(self._last.phase, line(self._last))


def line(told: Told) -> str:
    """Return how far a phase is, as text."""
    if not told.terms:
        return "starting"
    parts = " + ".join(f"{name} {value:.3f}" for name, value in told.terms.items())
    loss = f"loss {sum(told.terms.values()):.3f}" + (f" = {parts}" if len(told.terms) > 1 else "")
    return f"epoch {told.epoch}/{told.epochs}  {loss}  {told.rate:,.0f} examples/s"
