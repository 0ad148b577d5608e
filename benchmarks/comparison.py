"""Rivals in cells, as a command: what the benchmarks of time ask for, show and write."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import torch
from rich.console import Console
from rich.table import Table
from timing import Clock, Lengths, Machine, Rival, Spread, Times, fitting_clock, interleaved, machine, ratios, spread
from torch import Tensor

from onward.nets.classifier import Classifier
from onward.nets.zoo import fresh
from onward.rng import generator
from onward.types import Examples

Training = Callable[[int], list[Tensor]]
"""A rival that gives the tensors that it trained, in the order of the layers."""

SEED = 0
"""Of everything that is drawn."""


@dataclass(frozen=True)
class Cell:
    """One network and batch size.

    Args:
        title: of the network.
        net: its name among ours.
        width: of it.
        shape: of one input.
        examples: in an epoch; a multiple of the batch size.
        batch_size: examples a step.
        lengths: of the runs that are timed.
        rounds: times that every rival is run.
    """

    title: str
    net: str
    width: int
    shape: tuple[int, ...]
    examples: int
    batch_size: int
    lengths: Lengths
    rounds: int

    @property
    def lines(self) -> tuple[str, str, str]:
        """What is told of it beside its rivals."""
        return self.title, f"batch {self.batch_size}", f"{self.rounds} rounds"


C = TypeVar("C", bound=Cell)


def made_up(cell: Cell) -> Examples:
    """Return bytes made up in the cell's shape, of ten classes."""
    draws = generator(SEED, "made up", cell.title)
    inputs = torch.randint(256, (cell.examples, *cell.shape), dtype=torch.uint8, generator=draws)
    return Examples(inputs, torch.randint(10, (cell.examples,), generator=draws), tuple("0123456789"))


def untrained(cell: Cell, data: Examples) -> Classifier:
    """Return the cell's network with the classes of data: from where every run begins."""
    model = fresh(cell.net, cell.shape, SEED, width=cell.width)
    model.grow(data.classes, SEED)
    return model


@dataclass(frozen=True)
class Result:
    """What was measured in one cell.

    Args:
        cell: where.
        times: seconds of each run, by rival; the first of them is what the others are measured by.
    """

    cell: Cell
    times: Mapping[str, Times]

    @property
    def first(self) -> str:
        """What the others are measured by."""
        return next(iter(self.times))

    def step(self, name: str) -> Spread:
        """Return the seconds of one step of a rival."""
        return spread(self.times[name].per_step(self.cell.lengths))

    def images(self, name: str) -> float:
        """Return the images that a rival trains on in a second."""
        return self.cell.batch_size / self.step(name).median

    def ratio(self, name: str) -> Spread:
        """Return the time of one step of a rival, in steps of the first."""
        return ratios(*(self.times[each].per_step(self.cell.lengths) for each in (name, self.first)))

    def whole(self, name: str) -> Spread:
        """Return the time of a long run of a rival from its beginning to its end, in those of the first."""
        return ratios(self.times[name].long, self.times[self.first].long)

    def facts(self) -> dict[str, Any]:
        """Return all of it as JSON."""
        loops = {
            name: {
                "seconds": asdict(times),
                "seconds_a_step": asdict(self.step(name)),
                "images_a_second": self.images(name),
                "ratio": asdict(self.ratio(name)),
                "whole_ratio": asdict(self.whole(name)),
            }
            for name, times in self.times.items()
        }
        return {"cell": asdict(self.cell), "loops": loops}


def alike(cell: Cell, trainings: Mapping[str, Training]) -> None:
    """Refuse trainings that do not do the same arithmetic.

    Raises:
        SystemExit: when they end with other weights.
    """
    first, *others = (training(cell.lengths.short) for training in trainings.values())
    if not all(torch.equal(*pair) for other in others for pair in zip(first, other, strict=True)):
        raise SystemExit(f"{cell.title}, batch {cell.batch_size}: {', '.join(trainings)} made other weights; no times")


COLUMNS: dict[str, Callable[[Result, str], str]] = {
    "ms/step": lambda result, name: f"{1e3 * result.step(name).median:,.3f}",
    "images/s": lambda result, name: f"{result.images(name):,.0f}",
    "ratio": lambda result, name: "1" if name == result.first else str(result.ratio(name)),
    "whole run": lambda result, name: "1" if name == result.first else f"{result.whole(name).median:.3f}",
}
"""What a table can tell of a rival, by its heading."""


@dataclass(frozen=True)
class Layout:
    """How results are shown.

    Args:
        title: of the table.
        rivals: the heading above their names.
        columns: of ``COLUMNS``.
        note: what is told below, after machine and clock.
    """

    title: str
    rivals: str
    columns: tuple[str, ...]
    note: str

    def table(self, results: Sequence[Result], machine: Machine, clock: Clock) -> Table:
        """Return a line for each rival of each cell."""
        told = f"{machine}\n{clock.name}; medians over the rounds, quartiles in brackets; {self.note}"
        table = Table(title=self.title, caption=told)
        for heading in ("network", self.rivals):
            table.add_column(heading)
        for heading in self.columns:
            table.add_column(heading, justify="right")
        for result in results:
            lines = iter(result.cell.lines)
            for name in result.times:
                table.add_row(next(lines, ""), name, *(COLUMNS[heading](result, name) for heading in self.columns))
            table.add_section()
        return table


def options(description: str | None) -> argparse.ArgumentParser:
    """Return the command line that every benchmark of time has."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, metavar="N", help="how often every rival runs (default: by cell)")
    parser.add_argument("--threads", type=int, metavar="N", default=1, help="threads that torch may use (default: 1)")
    parser.add_argument("--quick", action="store_true", help="few steps of small networks, to see that it runs")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every time that was taken")
    return parser


def compare(
    asked: argparse.Namespace, cells: Sequence[C], rivals: Callable[[C], Mapping[str, Rival]], layout: Layout
) -> None:
    """Time the rivals of every cell, show the table, write the JSON.

    Args:
        asked: what ``options`` read.
        cells: where they are timed.
        rivals: gives those of a cell, the one first by which the others are measured.
        layout: how their times are shown.
    """
    torch.set_num_threads(asked.threads)
    clock, console = fitting_clock(), Console()
    results = []
    for chosen in cells:
        cell = replace(chosen, rounds=asked.rounds) if asked.rounds else chosen
        with console.status(", ".join(cell.lines)):
            results.append(Result(cell, interleaved(rivals(cell), cell.lengths, cell.rounds, clock)))
    console.print(layout.table(results, machine(), clock))
    if asked.json:
        facts = {"machine": asdict(machine()), "clock": clock.name, "note": layout.note}
        asked.json.write_text(json.dumps(facts | {"cells": [result.facts() for result in results]}, indent=1) + "\n")
