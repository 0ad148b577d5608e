"""What happens where tasks switch, compared: new rows begun in several ways, in several cells of one experiment.

A cell is everything but how new rows begin, such as "cross-entropy, frozen". The label of a method in the experiment is
its start and its cell, "random, cross-entropy, frozen".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from onward.errors import unknown
from onward.experiment.gains import NONE, over
from onward.experiment.results import Estimate, Outcome, Results
from onward.experiment.watch import Watched
from onward.metrics.interval import paired_interval
from onward.metrics.task_switch import knowledge_gap, loss_spike, steps_to

STEPS = 100
"""How many steps at a task's beginning and at its end the loss is averaged over."""

SHARES = (0.9, 0.95, 0.99, 1.0)
"""Of the accuracy on new classes that the baseline ends with: when each is reached is counted."""


@dataclass(frozen=True)
class Grid:
    """What the labels of an experiment stand for.

    Args:
        contender: the start that is to be ahead.
        baseline: the start that it is held against.
        others: further starts.
        cells: in each of which all starts are.
        oracle: the label of what had all data at once; gaps are counted from its accuracy.
    """

    contender: str
    baseline: str
    others: tuple[str, ...]
    cells: tuple[str, ...]
    oracle: str

    @property
    def starts(self) -> tuple[str, ...]:
        """Every start, the baseline first."""
        return (self.baseline, *self.others, self.contender)

    @staticmethod
    def label(start: str, cell: str) -> str:
        """Return a method's label in the experiment."""
        return f"{start}, {cell}"


class Gaps(NamedTuple):
    """What was missing of the oracle's accuracy, in the mean over all readings of all updates; see ``task_switch``."""

    stability: Estimate
    plasticity: Estimate
    knowledge: Estimate


@dataclass(frozen=True)
class Switching:
    """A start in one cell, in the mean over the updates and over its finished runs.

    Args:
        start: how new rows begin.
        cell: everything else.
        runs: seeds that were finished.
        final: accuracy after the last update, every test example counting alike.
        gain: of it over the baseline in the same cell, paired by seed.
        at_once: accuracy on the new classes before the first step.
        spike: by how much the loss jumps at a switch.
        early: the loss over the first ``STEPS`` steps of an update.
        late: over the last.
        early_ratio: ``early`` over the baseline's ``late``, by seed.
        steps: until the accuracy on new classes is each of ``SHARES`` of what the baseline ends with, the median over
            updates and seeds; infinity where it is not reached in more than half of them.
        faster: how many times as many steps the baseline takes to where it ends itself, the median likewise.
        gaps: to the oracle.
    """

    start: str
    cell: str
    runs: int
    final: Estimate
    gain: Estimate
    at_once: Estimate
    spike: Estimate
    early: Estimate
    late: Estimate
    early_ratio: Estimate
    steps: tuple[float, ...]
    faster: float
    gaps: Gaps


@dataclass(frozen=True)
class Switches:
    """All starts in all cells. gain: the contender's over the baseline, in the mean over the cells, paired by seed."""

    grid: Grid
    each: tuple[Switching, ...]
    gain: Estimate

    def of(self, start: str) -> tuple[Switching, ...]:
        """Return a start in every cell."""
        return tuple(each for each in self.each if each.start == start)


def switches(results: Results, grid: Grid) -> Switches:
    """Return how the starts of an experiment compare. Its updates must have been watched.

    Raises:
        InputError: when a label that the grid has is not among the results.
    """
    for label in (grid.oracle, *(grid.label(start, cell) for start in grid.starts for cell in grid.cells)):
        if label not in results.by_label:
            raise unknown("label", label, results.by_label)
    every = tuple(switching(results, grid, start, cell) for cell in grid.cells for start in grid.starts)
    return Switches(grid, every, overall(results, grid))


def switching(results: Results, grid: Grid, start: str, cell: str) -> Switching:
    """Return how one start does in one cell."""
    mine = by_seed(results, grid.label(start, cell))
    base = by_seed(results, grid.label(grid.baseline, cell))
    oracle = {seed: final(run) for seed, run in by_seed(results, grid.oracle).items()}
    pairs = [(mine[seed], base[seed]) for seed in mine if seed in base]
    updates = [pair for run, other in pairs for pair in zip(run.watched, other.watched, strict=True)]
    waits = np.array([waiting(*pair) for pair in updates]).reshape(-1, len(SHARES))
    own = np.array([waiting(other, other)[-1] for _, other in updates])
    runs = tuple(mine.values())
    return Switching(
        start=start,
        cell=cell,
        runs=len(runs),
        final=over(map(final, runs)),
        gain=paired([(final(run), final(other)) for run, other in pairs]),
        at_once=mean_of(runs, lambda run, k: run.watched[k].new[0]),
        spike=mean_of(runs, jump),
        early=mean_of(runs, lambda run, k: early(run.watched[k])),
        late=mean_of(runs, lambda run, k: late(run.watched[k])),
        early_ratio=over(mean(run, early) / mean(other, late) for run, other in pairs),
        steps=tuple(np.median(waits, axis=0).tolist()) if len(waits) else (math.nan,) * len(SHARES),
        faster=float(np.median(own / waits[:, -1])) if len(waits) else math.nan,
        gaps=gaps([(run, oracle[seed]) for seed, run in mine.items() if oracle.get(seed)]),
    )


def overall(results: Results, grid: Grid) -> Estimate:
    """Return the contender's gain in final accuracy, the mean over the cells, over seeds finished in all of them."""
    runs = [
        [by_seed(results, grid.label(start, cell)) for start in (grid.contender, grid.baseline)] for cell in grid.cells
    ]
    seeds = [seed for seed in results.seeds if all(seed in found for pair in runs for found in pair)]
    means = [np.mean([[final(each[seed]) for each in pair] for pair in runs], axis=0) for seed in seeds]
    return paired([(float(mine), float(base)) for mine, base in means])


def by_seed(results: Results, label: str) -> dict[int, Outcome]:
    """Return a method's finished runs."""
    return {cell.seed: cell.outcome for cell in results.by_label[label] if cell.outcome is not None}


def final(run: Outcome) -> float:
    """Return the accuracy after the last update on all tests together, every example counting alike."""
    return float(np.average(run.accuracy[-1], weights=run.tested))


def paired(values: Sequence[tuple[float, float]]) -> Estimate:
    """Return the mean difference of pairs; NaN where there is none."""
    return Estimate(*paired_interval([a for a, _ in values], [b for _, b in values])) if values else NONE


def mean_of(runs: Sequence[Outcome], value: Callable[[Outcome, int], float]) -> Estimate:
    """Return over runs the mean over updates of a value of a run and the place of one of its watched updates."""
    return over(float(np.mean([value(run, k) for k in range(len(run.watched))])) for run in runs)


def mean(run: Outcome, value: Callable[[Watched], float]) -> float:
    """Return the mean of a value over a run's updates."""
    return float(np.mean([value(read) for read in run.watched]))


def early(read: Watched) -> float:
    """Return the mean loss over the first ``STEPS`` steps."""
    return averaged(read, np.array(read.steps[1:]) <= max(STEPS, read.steps[1]))


def late(read: Watched) -> float:
    """Return the mean loss over the last ``STEPS`` steps."""
    return averaged(read, np.array(read.steps[:-1]) >= min(read.steps[-1] - STEPS, read.steps[-2]))


def averaged(read: Watched, chosen: np.ndarray) -> float:
    """Return the mean loss over the steps between the chosen readings, (r - 1,) bool."""
    return float(np.average(np.array(read.loss)[chosen], weights=np.diff(read.steps)[chosen]))


def jump(run: Outcome, k: int) -> float:
    """Return the loss spike at the switch to the k-th watched update; readings stand for the steps between them."""
    read = run.watched[k]
    count = sum(step <= STEPS for step in read.steps[1:])
    return loss_spike(run.learning[k], read.loss, max(count, 1))


def waiting(read: Watched, baseline: Watched) -> tuple[float, ...]:
    """Return the steps to each of ``SHARES`` of the baseline's last accuracy on new classes.

    What is reached before the first step counts as reached at the first reading after it: nobody looked between.
    """
    reached = (steps_to(read.new, read.steps, share * baseline.new[-1]) for share in SHARES)
    return tuple(max(steps, float(read.steps[1])) for steps in reached)


def gaps(runs: Sequence[tuple[Outcome, float]]) -> Gaps:
    """Return the gaps of runs to the oracle's accuracy, which stands beside each."""
    kinds: tuple[Callable[[Outcome, int], Sequence[float]], ...] = (
        lambda run, k: run.watched[k].old,
        lambda run, k: run.watched[k].new,
        lambda run, k: tuple(on_all(run, k)),
    )

    def missing(readings: Callable[[Outcome, int], Sequence[float]], run: Outcome, reference: float) -> float:
        return float(np.mean([knowledge_gap(readings(run, k), reference) for k in range(len(run.watched))]))

    every = [partial(missing, kind) for kind in kinds]
    return Gaps(*(over(gap(run, reference) for run, reference in runs) for gap in every))


def on_all(run: Outcome, k: int) -> Iterator[float]:
    """Yield at each reading of the k-th watched update the accuracy on old and new classes, by their test examples."""
    old, new = sum(run.tested[: k + 1]), run.tested[k + 1]
    for before, arrived in zip(run.watched[k].old, run.watched[k].new, strict=True):
        yield (before * old + arrived * new) / (old + new)
