"""What a step of an update by CKCA costs beside a step of the plain warm start.

    python benchmarks/ckca_cost.py            ResNet-18 and a perceptron, on made-up bytes; ten minutes
    python benchmarks/ckca_cost.py --quick    a few seconds, to see that it runs

Three methods update the same parent on the same data: the warm start, LwF, which asks the parent for its answers, and
CKCA with both its terms, which asks for features too and weighs each example by the parent's trust. Where images are
augmented the parent sees every batch; where they are not, it sees each image once, before the first step. A step is
the slope between runs of two lengths, so that set-up, that one pass and the bill at the end do not count; whole runs,
in which they do, stand beside it.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import loop_overhead
import torch
from loop_overhead import SEED, Result, examples
from rich.console import Console
from rich.table import Table
from timing import Clock, Lengths, Machine, Rival, fitting_clock, interleaved, machine

from onward.engine.update import update
from onward.learner import Learner
from onward.method import Method
from onward.methods.ckca import CKCA
from onward.methods.lwf import LwF
from onward.methods.warm_start import WarmStart
from onward.nets.zoo import fresh
from onward.record import Record
from onward.settings import Augmentation, Settings
from onward.types import Examples

AIM = 1.5
"""The most that a step of CKCA may take on ResNet-18, in steps of the warm start, where the parent sees every batch.

The parent's forward pass is a quarter to a third of a step whatever the network. What else CKCA does is some ninety
small operations, forward and backward, which weigh only on a network as small as the perceptron.
"""
METHODS: dict[str, Method] = {"plain": WarmStart(), "lwf": LwF(), "ckca": CKCA(features=1.0, answers=4.0, average=0.0)}
"""The rivals by name; ``plain`` is what the others are measured by."""
AUGMENT: tuple[Augmentation, ...] = ("flip", "crop")


@dataclass(frozen=True)
class Cell(loop_overhead.Cell):
    """One network and what is done to its images.

    Args:
        augment: done to each batch; () leaves the images, and then the parent sees each once.
    """

    augment: tuple[Augmentation, ...]

    @property
    def augmentation(self) -> str:
        """What is done to the images, in words."""
        return " and ".join(self.augment) or "not augmented"

    def epochs(self, steps: int) -> int:
        """Return the epochs of so many steps. The parent's outputs are held only where a run is told in epochs."""
        return steps * self.batch_size // self.examples


RESNET = ("ResNet-18, width 20", "resnet18", 20, "cifar10", (3, 32, 32), 128, 64, Lengths(4, 8), 9)
MLP = ("MLP 2x256", "mlp", 256, "mnist", (1, 28, 28), 640, 64, Lengths(20, 100), 50)
CELLS = tuple(Cell(*network, augment) for network in (RESNET, MLP) for augment in (AUGMENT, ()))
SMALL = ("MLP 2x16", "mlp", 16, "mnist", (1, 28, 28), 20, 10, Lengths(4, 20), 2)
QUICK = tuple(Cell(*SMALL, augment) for augment in (AUGMENT, ()))


def rivals(cell: Cell, data: Examples) -> dict[str, Rival]:
    """Return an update by each method, of one parent that knows all classes; each gives the update's record."""
    settings = Settings(batch_size=cell.batch_size, lr=0.01, augment=cell.augment)
    parent = fresh(cell.net, cell.shape, SEED, width=cell.width)
    parent.grow(data.classes, SEED)

    def updating(method: Method) -> Rival:
        learner = Learner(parent, method)

        def updated(steps: int) -> Record:
            return update(learner, data, replace(settings, epochs=cell.epochs(steps)), SEED)[1]

        return updated

    return {name: updating(method) for name, method in METHODS.items()}


def measured(cell: Cell, clock: Clock) -> Result:
    """Time the three updates in one cell."""
    return Result(cell, interleaved(rivals(cell, examples(cell, None)), cell.lengths, cell.rounds, clock))


def table(cells: list[tuple[Cell, Result]], machine: Machine, clock: Clock) -> Table:
    """Return a line for each method of each cell."""
    aim = f"the aim for ckca on ResNet-18 is {AIM}"
    told = f"{machine}\n{clock.name}; medians over the rounds, quartiles in brackets; {aim}"
    shown = Table(title="An update by CKCA, beside the warm start", caption=told)
    for heading in ("network", "method"):
        shown.add_column(heading)
    for heading in ("ms/step", "ratio", "whole run"):
        shown.add_column(heading, justify="right")
    for cell, result in cells:
        epochs = cell.epochs(cell.lengths.long)
        titles = iter([cell.title, cell.augmentation, f"{epochs} epochs"])
        for name in METHODS:
            ratios = ("1", "1") if name == "plain" else (str(result.ratio(name)), f"{result.whole(name).median:.3f}")
            shown.add_row(next(titles), name, f"{1e3 * result.step(name).median:,.3f}", *ratios)
        shown.add_section()
    return shown


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, metavar="N", help="how often every update runs (default: by cell)")
    parser.add_argument("--threads", type=int, metavar="N", default=1, help="threads that torch may use (default: 1)")
    parser.add_argument("--quick", action="store_true", help="few steps of a small network, to see that it runs")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every time that was taken")
    return parser.parse_args()


def main() -> None:
    """Measure every cell, show the table, write the JSON."""
    asked = arguments()
    torch.set_num_threads(asked.threads)
    clock, console = fitting_clock(), Console()
    results = []
    for chosen in QUICK if asked.quick else CELLS:
        cell = replace(chosen, rounds=asked.rounds) if asked.rounds else chosen
        with console.status(f"{cell.title}, {cell.augmentation}"):
            results.append((cell, measured(cell, clock)))
    console.print(table(results, machine(), clock))
    if asked.json:
        facts = {"machine": asdict(machine()), "clock": clock.name, "aim": AIM}
        asked.json.write_text(json.dumps(facts | {"cells": [result.facts() for _, result in results]}, indent=1) + "\n")


if __name__ == "__main__":
    main()
