"""Progress of a training, for a terminal or for a log file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from onward.cli.show import console
from onward.engine.log import Observer, silent
from onward.engine.log import Progress as Told


@contextmanager
def watched(quiet: bool) -> Iterator[Observer]:
    """Give an observer that shows a bar a phase; where there is no terminal, a line at each phase's end."""
    if quiet:
        yield silent
    elif console().is_terminal:
        columns = (TextColumn("  {task.description:<11}"), BarColumn(24), TextColumn("{task.fields[told]}"), TimeRemainingColumn())
        with Progress(*columns, console=console()) as bars:
            yield Bars(bars)
    else:
        yield last_lines


class Bars:
    """One bar for each phase."""

    def __init__(self, bars: Progress) -> None:
        """Draw into ``bars``."""
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, told: Told) -> None:
        """Move the phase's bar."""
        if told.phase not in self._tasks:
            self._tasks[told.phase] = self._bars.add_task(told.phase, total=told.steps, told="")
        self._bars.update(self._tasks[told.phase], completed=told.step, told=line(told))


def last_lines(told: Told) -> None:
    """Print a line when a phase has taken its last step."""
    if told.step == told.steps and told.terms:
        console().print(f"  {told.phase:<11} {line(told)}", markup=False, highlight=False)


def line(told: Told) -> str:
    """Return how far a phase is, as text."""
    if not told.terms:
        return "starting"
    parts = " + ".join(f"{name} {value:.3f}" for name, value in told.terms.items())
    loss = f"loss {sum(told.terms.values()):.3f}" + (f" = {parts}" if len(told.terms) > 1 else "")
    return f"epoch {told.epoch}/{told.epochs}  {loss}  {told.rate:,.0f} examples/s"
