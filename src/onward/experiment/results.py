"""What came of an experiment, as values, and the numbers that are read from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from onward.experiment.watch import Watched
from onward.metrics.interval import mean_interval
from onward.metrics.matrix import Matrix, average_accuracy, summary
from onward.record import Cost


@dataclass(frozen=True)
class Outcome:
    """What came of a learner's walk through a stream of t experiences.

    Args:
        experiences: their names.
        arrived: training examples of each, (t,).
        tested: test examples of each, (t,).
        accuracy: the accuracy matrix, r[i][j] on experience j's test after update i, (t, t); where experiences to come
            were not evaluated, its lower triangle.
        negative_flips: ``[i][j]`` is the share of experience j's test that was right before update i and wrong after
            it, for the j < i that had been learned by then.
        costs: of each update, (t,).
        learning: of each update the readings of its loss on the new data, see ``convergence``; () where none were held.
        watched: of each update after the first what was read while it trained; () where nobody looked.
        within: the accuracies of ``accuracy`` where predictions stay among the classes of each test; () in cells
            written before it was told.
        parameters: of the network after each update, (t,); () as well.
    """

    experiences: tuple[str, ...]
    arrived: tuple[int, ...]
    tested: tuple[int, ...]
    accuracy: tuple[tuple[float, ...], ...]
    negative_flips: tuple[tuple[float, ...], ...]
    costs: tuple[Cost, ...]
    learning: tuple[tuple[float, ...], ...] = ()
    watched: tuple[Watched, ...] = ()
    within: tuple[tuple[float, ...], ...] = ()
    parameters: tuple[int, ...] = ()

    @cached_property
    def matrix(self) -> Matrix:
        """The accuracy matrix as an array, (t, t); NaN where it was not measured."""
        whole = len(self.accuracy)
        return np.array([[*row, *[np.nan] * (whole - len(row))] for row in self.accuracy])

    @cached_property
    def after_updates(self) -> tuple[float, ...]:
        """After each update the average accuracy on the experiences seen by then, (t,)."""
        return tuple(average_accuracy(self.matrix[:seen, :seen]) for seen in range(1, len(self.matrix) + 1))

    @cached_property
    def measures(self) -> dict[str, float]:
        """The numbers that stand for the whole: those of ``metrics.matrix``, the mean negative flips, the costs.

        Costs are summed over the updates, but for ``kept_bytes``: that is what is carried on from the last.
        """
        flips = [share for row in self.negative_flips for share in row]
        return {
            **summary(self.matrix),
            "negative_flips": sum(flips) / len(flips) if flips else float("nan"),
            "seconds": sum(cost.seconds for cost in self.costs),
            "steps": sum(cost.steps for cost in self.costs),
            "samples": sum(cost.samples for cost in self.costs),
            "kept_bytes": self.costs[-1].kept_bytes,
        }


@dataclass(frozen=True)
class CellResult:
    """One method with one seed, as it went.

    Args:
        label: the method's in the experiment.
        method: as it is written.
        seed: of everything.
        outcome: None when it failed.
        failure: why; "" when it did not.
        key: of the cell's file; "" when it has none.
    """

    label: str
    method: str
    seed: int
    outcome: Outcome | None = None
    failure: str = ""
    key: str = ""


class Estimate(NamedTuple):
    """A mean over seeds and the half width of its 95 % interval; NaN where there is none."""

    mean: float
    half_width: float


@dataclass(frozen=True)
class Summary:
    """A method over all seeds.

    Args:
        label: the method's in the experiment.
        method: as it is written.
        runs: seeds that were finished.
        failed: seeds that were not.
        measures: an estimate for each of ``Outcome.measures``; {} when no run was finished.
    """

    label: str
    method: str
    runs: int
    failed: int
    measures: Mapping[str, Estimate]


@dataclass(frozen=True)
class Results:
    """Everything that came of an experiment. cells: method by method, in the order of the seeds."""

    name: str
    cells: tuple[CellResult, ...]

    @property
    def failed(self) -> tuple[CellResult, ...]:
        """The cells that failed."""
        return tuple(cell for cell in self.cells if cell.outcome is None)

    @property
    def seeds(self) -> tuple[int, ...]:
        """Each seed once."""
        return tuple(dict.fromkeys(cell.seed for cell in self.cells))

    @cached_property
    def by_label(self) -> dict[str, tuple[CellResult, ...]]:
        """The cells of each method."""
        labels = dict.fromkeys(cell.label for cell in self.cells)
        return {label: tuple(cell for cell in self.cells if cell.label == label) for label in labels}

    def outcomes(self, label: str) -> tuple[Outcome, ...]:
        """Return what came of a method's finished runs."""
        return tuple(cell.outcome for cell in self.by_label[label] if cell.outcome is not None)

    def summaries(self) -> tuple[Summary, ...]:
        """Return each method over its finished runs."""
        found = []
        for label, cells in self.by_label.items():
            runs = [outcome.measures for outcome in self.outcomes(label)]
            measures = {name: estimate([run[name] for run in runs]) for name in (runs[0] if runs else ())}
            found.append(Summary(label, cells[0].method, len(runs), len(cells) - len(runs), measures))
        return tuple(found)

    def curves(self) -> dict[str, tuple[Estimate, ...]]:
        """Return for each method, after each update, the average accuracy on the experiences seen by then."""
        return self._by_place(lambda outcome: outcome.after_updates)

    def last_rows(self) -> dict[str, tuple[Estimate, ...]]:
        """Return for each method the accuracy on each experience after the last update."""
        return self._by_place(lambda outcome: outcome.accuracy[-1])

    def _by_place(self, values: Callable[[Outcome], Sequence[float]]) -> dict[str, tuple[Estimate, ...]]:
        """Return for each method with a finished run an estimate of ``values``, (t,), at each place of the stream."""
        runs = {label: [values(outcome) for outcome in self.outcomes(label)] for label in self.by_label}
        return {label: tuple(map(estimate, zip(*each, strict=True))) for label, each in runs.items() if each}


def estimate(values: Sequence[float]) -> Estimate:
    """Return the mean of ``values``, (n,), and its interval; NaN where one of them is not defined."""
    if not np.isfinite(values).all():
        return Estimate(float("nan"), float("nan"))
    return Estimate(*mean_interval(values))
