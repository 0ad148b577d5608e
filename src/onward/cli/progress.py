"""Progress of a training, for a terminal or for a log file."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, TimeRemainingColumn

from onward.cli.show import console, fact
from onward.engine.log import Observer, silent
from onward.engine.log import Progress as Told

BAR = 24
"""Columns of a bar."""


@contextmanager
def watched(quiet: bool) -> Generator[Observer]:
    """Give an observer that prints a line at each phase's end; on a terminal it shows a bar until then."""
    if quiet:
        yield silent
        return
    lines = LastLines()
    if console().is_terminal:
        columns = ("  {task.description:<11}", BarColumn(BAR), "{task.fields[told]}", TimeRemainingColumn())
        with Progress(*columns, console=console(), transient=True) as progress:
            yield both(lines, Bar(progress))
    else:
        yield lines
    lines.print()


def both(first: Observer, second: Observer) -> Observer:
    """Return an observer that tells two others."""

    def observe(told: Told) -> None:
        first(told)
        second(told)

    return observe


class Bar:
    """A bar for the running phase."""

    def __init__(self, progress: Progress) -> None:
        """Draw into ``progress``."""
        self._progress = progress
        self._task = progress.add_task("", visible=False, told="")

    def __call__(self, told: Told) -> None:
        """Move the bar; a phase that starts begins it anew."""
        if not told.step:
            self._progress.reset(self._task, total=told.steps, description=told.phase, visible=True)
        loss = f"epoch {told.epoch}/{told.epochs}  loss {sum(told.terms.values()):.3f}" if told.terms else "starting"
        self._progress.update(self._task, completed=told.step, told=loss)


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
    parts = " + ".join(f"{name} {value:.3f}" for name, value in told.terms.items())
    loss = f"loss {sum(told.terms.values()):.3f}" + (f" = {parts}" if len(told.terms) > 1 else "")
    return f"epoch {told.epoch}/{told.epochs}  {loss}  {told.rate:,.0f} examples/s"
