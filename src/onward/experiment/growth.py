"""A network that grows from a source to a target, beside others that do not: what it learns, keeps, and gains in size.

The first experience of the stream is the source, the last one the target. In an experiment of several streams each of
them is a cell, and the label of a run is its method and its cell, "fine-tuned, Fashion-MNIST 10 %".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

from onward.errors import unknown
from onward.experiment.gains import NONE, over
from onward.experiment.results import Estimate, Outcome, Results
from onward.experiment.switches import by_seed, final, paired

APART = ", "
"""What stands between method and cell in a label; no method's own name has it."""


@dataclass(frozen=True)
class Growth:
    """What the methods of an experiment are in a comparison. Those that are not run are left aside, but the contender.

    Args:
        contender: the method that is to be ahead.
        rivals: methods that it is to be ahead of in every cell.
        near: methods that it may be little behind.
        exact: methods by which the source is to stay as it was.
        steps: each method in two steps with the same in one.
        aims: accuracy on all tests together that a method is to reach, by its name.
        whole: whether methods are compared by that, as where source and target are halves of one data set; else by the
            accuracy on the target's test, among all classes.
    """

    contender: str
    rivals: tuple[str, ...] = ()
    near: tuple[str, ...] = ()
    exact: tuple[str, ...] = ()
    steps: Mapping[str, str] = field(default_factory=dict)
    aims: Mapping[str, float] = field(default_factory=dict)
    whole: bool = False


@dataclass(frozen=True)
class Grown:
    """A method in one cell, over its finished runs; what is not known is NaN, as all but ``final`` of all data at once.

    Args:
        method: its name.
        cell: the stream's; "" where there is one.
        runs: seeds that were finished.
        final: accuracy at the end on all tests together, every example counting alike.
        target: at the end on the target's test, among all classes.
        target_within: among the target's classes.
        source_before: on the source's test before the target came, among the source's classes.
        source: at the end, among all classes.
        source_within: at the end, among the source's classes: what the rows of the source say by themselves.
        kept: runs in which ``source_within`` is ``source_before``.
        added: parameters that the network gained.
        times: its parameters at the end over those before; without the rows of the target's classes this is 1 for what
            does not grow.
        flops: of the last update's training, forward and backward.
        seconds: of the last update.
    """

    method: str
    cell: str
    runs: int
    final: Estimate
    target: Estimate
    target_within: Estimate
    source_before: Estimate
    source: Estimate
    source_within: Estimate
    kept: int
    added: float
    times: float
    flops: float
    seconds: float


@dataclass(frozen=True)
class Ahead:
    """How much more accuracy one method has than another in a cell, paired by seed."""

    method: str
    other: str
    cell: str
    by: Estimate

    @property
    def clear(self) -> bool:
        """Whether the 95 % interval leaves 0 out."""
        return abs(self.by.mean) > self.by.half_width


@dataclass(frozen=True)
class Grew:
    """All methods in all cells.

    Args:
        growth: what the methods are.
        each: cell by cell.
        leads: of the contender over its rivals and over what it may be little behind, cell by cell.
        steps: of each method in two steps over the same in one, cell by cell.
    """

    growth: Growth
    each: tuple[Grown, ...]
    leads: tuple[Ahead, ...]
    steps: tuple[Ahead, ...]

    @property
    def cells(self) -> tuple[str, ...]:
        """Each cell once."""
        return tuple(dict.fromkeys(each.cell for each in self.each))

    def of(self, method: str) -> tuple[Grown, ...]:
        """Return a method in every cell in which it was run."""
        return tuple(each for each in self.each if each.method == method)

    def over(self, others: Iterable[str]) -> tuple[Ahead, ...]:
        """Return the contender's leads over some methods."""
        names = tuple(others)
        return tuple(each for each in self.leads if each.other in names)


def grew(results: Results, growth: Growth) -> Grew:
    """Return how the methods of an experiment compare.

    Raises:
        InputError: when the contender is not among the results.
    """
    runs = {divided(label): by_seed(results, label) for label in results.by_label}
    methods = dict.fromkeys(method for method, _ in runs)
    if growth.contender not in methods:
        raise unknown("label", growth.contender, methods)
    cells = dict.fromkeys(cell for _, cell in runs)
    mine = [(growth.contender, other) for other in (*growth.rivals, *growth.near)]
    return Grew(
        growth,
        tuple(grown(method, cell, tuple(found.values())) for (method, cell), found in runs.items()),
        ahead(runs, mine, tuple(cells), growth.whole),
        ahead(runs, list(growth.steps.items()), tuple(cells), growth.whole),
    )


def divided(label: str) -> tuple[str, str]:
    """Return the method and the cell of a label."""
    method, _, cell = label.partition(APART)
    return method, cell


def grown(method: str, cell: str, runs: Sequence[Outcome]) -> Grown:
    """Return what came of a method in a cell."""
    moved = [run for run in runs if len(run.experiences) > 1]

    def mean(value: Callable[[Outcome], float]) -> Estimate:
        return over(map(value, moved)) if len(moved) == len(runs) else NONE

    return Grown(
        method=method,
        cell=cell,
        runs=len(runs),
        final=over(map(final, runs)),
        target=mean(lambda run: run.accuracy[-1][-1]),
        target_within=mean(lambda run: run.within[-1][-1]),
        source_before=mean(before),
        source=mean(lambda run: run.accuracy[-1][0]),
        source_within=mean(lambda run: run.within[-1][0]),
        kept=sum(run.within[-1][0] == before(run) for run in moved),
        added=mean(lambda run: run.parameters[-1] - run.parameters[0]).mean,
        times=mean(lambda run: run.parameters[-1] / run.parameters[0]).mean,
        flops=over(float(run.costs[-1].flops) for run in runs).mean,
        seconds=over(run.costs[-1].seconds for run in runs).mean,
    )


def before(run: Outcome) -> float:
    """Return the accuracy on the source's test after the first update, among the source's classes."""
    return run.within[0][0]


def ahead(
    runs: Mapping[tuple[str, str], Mapping[int, Outcome]],
    pairs: Sequence[tuple[str, str]],
    cells: Sequence[str],
    whole: bool,
) -> tuple[Ahead, ...]:
    """Return by how much the first of each pair of methods is ahead in every cell in which both were run.

    Args:
        runs: by method and cell, and by seed.
        pairs: of methods.
        cells: in their order.
        whole: see ``Growth``.
    """

    def reached(run: Outcome) -> float:
        return final(run) if whole else run.accuracy[-1][-1]

    found = []
    for (method, other), cell in product(pairs, cells):
        if (method, cell) not in runs or (other, cell) not in runs:
            continue
        one, two = runs[method, cell], runs[other, cell]
        both = [(reached(one[seed]), reached(two[seed])) for seed in one if seed in two]
        by = paired(both)
        found.append(Ahead(method, other, cell, by))
    return tuple(found)
