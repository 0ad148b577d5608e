"""Methods beside the lines that a paper printed of them: accuracy, its standard deviation, forgetting."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from onward.experiment.gains import over
from onward.experiment.results import Estimate, Results

NEAR = 2.0
"""How many of the paper's standard deviations two means may lie apart and still count as the same."""

Verdict = Literal["within", "above", "below", ""]


class Printed(NamedTuple):
    """A method's line in a published table, as shares.

    Args:
        accuracy: the average over the tasks after the last, a mean over runs.
        std: its standard deviation over runs.
        forgetting: the mean fall from the best earlier accuracy; NaN where none is printed.
        where: in which tables of the paper.
    """

    accuracy: float
    std: float
    forgetting: float
    where: str


UNPRINTED = Printed(math.nan, math.nan, math.nan, "")


@dataclass(frozen=True)
class Published:
    """What a paper printed of one stream.

    Args:
        lines: of each method, under the label that it has in the experiment. Not all of them need be run.
        contender: the method that the paper is about; "" where it compares methods of others.
        tasks: how many the stream has. Of a shorter one no method is judged by the paper's numbers.
        oracle: the method that has all tasks at once, one of the lines.
        beyond: methods that the paper does not have, where they are run beside a contender.
        widened: a method is within its line where the 95 % interval here reaches so far, too.
    """

    lines: Mapping[str, Printed]
    contender: str
    tasks: int
    oracle: str
    beyond: tuple[str, ...] = ()
    widened: bool = False


@dataclass(frozen=True)
class Line:
    """A method here and in the paper; what is not known is NaN.

    Args:
        label: the method's.
        runs: seeds that were finished.
        accuracy: after the last update, a mean over the experiences; over the runs.
        std: its standard deviation over the runs.
        forgetting: from the best earlier accuracy; over the runs.
        printed: in the paper.
        apart: by how many of the paper's standard deviations the accuracy here is above the printed one.
        slack: by how many of them more the two may lie apart and still count as the same.
    """

    label: str
    runs: int
    accuracy: Estimate
    std: float
    forgetting: Estimate
    printed: Printed
    apart: float
    slack: float = 0.0

    @property
    def verdict(self) -> Verdict:
        """Whether the accuracy here is that of the paper, above or below it; "" where one of them is not known."""
        if not math.isfinite(self.apart):
            return ""
        return "within" if abs(self.apart) <= NEAR + self.slack else "above" if self.apart > 0 else "below"


@dataclass(frozen=True)
class Beside:
    """All lines: those of the paper in its order, and then what was run besides. tasks: of the stream here."""

    published: Published
    tasks: int
    lines: tuple[Line, ...]

    @property
    def own(self) -> Line:
        """The line of the method that the paper is about, where it is about one."""
        return self.of(self.published.contender)

    @property
    def further(self) -> tuple[tuple[Line, float], ...]:
        """The methods ``beyond`` the paper, each with its share of the gap between ``own`` and the oracle."""
        if not self.published.beyond:
            return ()
        gap = self.of(self.published.oracle).accuracy.mean - self.own.accuracy.mean
        lines = (line for line in self.lines if line.label in self.published.beyond)
        return tuple((line, (line.accuracy.mean - self.own.accuracy.mean) / (gap or math.nan)) for line in lines)

    def of(self, label: str) -> Line:
        """Return a method's line."""
        return next(line for line in self.lines if line.label == label)

    @property
    def judged(self) -> tuple[Line, ...]:
        """The lines that have a verdict."""
        return tuple(line for line in self.lines if line.verdict)


def beside(results: Results, published: Published) -> Beside:
    """Return the results of an experiment beside what a paper printed."""
    labels = dict.fromkeys((*published.lines, *results.by_label))
    outcomes = [cell.outcome for cell in results.cells if cell.outcome is not None]
    tasks = max((len(each.experiences) for each in outcomes), default=0)  # what came at once came as one
    comparable = tasks == published.tasks
    return Beside(published, tasks, tuple(line(results, label, published, comparable) for label in labels))


def line(results: Results, label: str, published: Published, comparable: bool) -> Line:
    """Return one method here and in the paper.

    Args:
        results: of the experiment.
        label: the method's.
        published: what the paper has.
        comparable: whether the stream is that of the paper, so that the numbers can be held against one another.
    """
    runs = results.outcomes(label) if label in results.by_label else ()
    finals = [run.measures["average_accuracy"] for run in runs]
    accuracy, printed = over(finals), published.lines.get(label, UNPRINTED)
    reach = accuracy.half_width if published.widened and math.isfinite(accuracy.half_width) else 0.0
    return Line(
        label=label,
        runs=len(runs),
        accuracy=accuracy,
        std=float(np.std(finals, ddof=1)) if len(finals) > 1 else math.nan,
        forgetting=over(run.measures["forgetting_from_best"] for run in runs),
        printed=printed,
        apart=(accuracy.mean - printed.accuracy) / printed.std if comparable else math.nan,
        slack=reach / printed.std if comparable else 0.0,
    )
