"""What the engine's loop costs beside the plain PyTorch loop that does the same arithmetic.

    python benchmarks/loop_overhead.py                     the three cells, on made-up bytes; some minutes
    python benchmarks/loop_overhead.py --data-dir FOLDER   on MNIST and CIFAR-10
    python benchmarks/loop_overhead.py --quick             a few seconds, to see that it runs

Three rivals train the same network with the same optimiser: ``onward.update`` with a warm start, the plain loop over
tensors in memory, and the plain loop over a ``DataLoader``. Before they are timed, the first two must have made the
same weights, bit for bit. What is compared is the time of one more step, from runs of two lengths, so that neither
set-up nor the bill at the end counts; whole runs, in which both count, are in the JSON.
"""

from __future__ import annotations

import argparse
import copy
import json
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from plain_loop import Loading, indexed, loaded, trained
from rich.console import Console
from rich.table import Table
from timing import Clock, Lengths, Machine, Rival, Spread, Times, fitting_clock, interleaved, machine, ratios, spread
from torch import Tensor, nn

from onward.datasets.published.named import load
from onward.engine.update import update
from onward.learner import Learner
from onward.nets.zoo import fresh
from onward.rng import generator
from onward.settings import Settings
from onward.types import Examples

SEED = 0
AIM = 1.05
"""The most that a step of the engine may take, in steps of the plain loop."""


@dataclass(frozen=True)
class Cell:
    """One network and batch size.

    Args:
        title: of the network.
        net: its name among ours.
        width: of it.
        source: the data set that it is trained on, where there is one.
        shape: of one input.
        examples: in an epoch; a multiple of the batch size.
        batch_size: examples a step.
        lengths: of the runs that are timed; one epoch lies between them, so that its beginning counts too.
        rounds: times that every loop is run.
    """

    title: str
    net: str
    width: int
    source: str
    shape: tuple[int, ...]
    examples: int
    batch_size: int
    lengths: Lengths
    rounds: int


MLP = ("MLP 2x256", "mlp", 256, "mnist", (1, 28, 28))
CELLS = (
    Cell(*MLP, examples=1000, batch_size=10, lengths=Lengths(20, 120), rounds=100),
    Cell(*MLP, examples=3200, batch_size=64, lengths=Lengths(10, 60), rounds=100),
    Cell("ResNet-18, width 20", "resnet18", 20, "cifar10", (3, 32, 32), 128, 64, Lengths(1, 3), rounds=25),
)
QUICK = (
    Cell(*MLP, examples=60, batch_size=10, lengths=Lengths(2, 8), rounds=2),
    Cell("ResNet-18, width 2", "resnet18", 2, "cifar10", (3, 32, 32), 8, 4, Lengths(2, 4), rounds=2),
)


def examples(cell: Cell, data_dir: Path | None) -> Examples:
    """Return the first examples of the cell's data set, or bytes made up in its shape where no folder is given."""
    if data_dir is not None:
        data = load(cell.source, "train", data_dir)
        return Examples(data.inputs[: cell.examples], data.targets[: cell.examples], data.classes)
    draws = generator(SEED, "made up", cell.source)
    inputs = torch.randint(256, (cell.examples, *cell.shape), dtype=torch.uint8, generator=draws)
    return Examples(inputs, torch.randint(10, (cell.examples,), generator=draws), tuple("0123456789"))


def rivals(cell: Cell, data: Examples) -> dict[str, Rival]:
    """Return the three loops; each gives the tensors that it trained, in the order of the layers."""
    settings = Settings(batch_size=cell.batch_size, lr=0.01)
    parent = fresh(cell.net, cell.shape, SEED, width=cell.width)
    parent.grow(data.classes, SEED)

    def engine(steps: int) -> list[Tensor]:
        epochs = -(-steps * cell.batch_size // len(data))
        child, _ = update(Learner(parent), data, replace(settings, epochs=epochs, steps=steps), SEED)
        return list(child.model.state_dict().values())

    def plain(steps: int, batches: Loading) -> list[Tensor]:
        own = copy.deepcopy(parent)
        network = nn.Sequential(own.backbone, own.head.blocks[0])
        trained(network, batches(data, cell.batch_size, SEED), settings, steps)
        return list(network.state_dict().values())

    return {"engine": engine, "plain": partial(plain, batches=indexed), "DataLoader": partial(plain, batches=loaded)}


def hold_same(cell: Cell, engine: Rival, plain: Rival) -> None:
    """Refuse to time loops that do not do the same arithmetic.

    Raises:
        SystemExit: when they end with other weights.
    """
    pairs = zip(engine(cell.lengths.short), plain(cell.lengths.short), strict=True)
    if not all(torch.equal(one, other) for one, other in pairs):
        raise SystemExit(f"{cell.title}, batch {cell.batch_size}: engine and plain loop made other weights; no times")


@dataclass(frozen=True)
class Result:
    """What was measured in one cell.

    Args:
        cell: where.
        times: seconds of each run, by loop.
    """

    cell: Cell
    times: dict[str, Times]

    def step(self, name: str) -> Spread:
        """Return the seconds of one step of a loop."""
        return spread(self.times[name].per_step(self.cell.lengths))

    def images(self, name: str) -> float:
        """Return the images that a loop trains on in a second."""
        return self.cell.batch_size / self.step(name).median

    def ratio(self, name: str) -> Spread:
        """Return the time of one step of a loop, in steps of the plain loop."""
        return ratios(*(self.times[each].per_step(self.cell.lengths) for each in (name, "plain")))

    def whole(self, name: str) -> Spread:
        """Return the time of a long run of a loop from its beginning to its end, in those of the plain loop."""
        return ratios(self.times[name].long, self.times["plain"].long)

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


def measured(cell: Cell, data: Examples, clock: Clock) -> Result:
    """Time the three loops in one cell."""
    loops = rivals(cell, data)
    hold_same(cell, loops["engine"], loops["plain"])
    return Result(cell, interleaved(loops, cell.lengths, cell.rounds, clock))


def table(results: list[Result], machine: Machine, clock: Clock) -> Table:
    """Return a line for each loop of each cell."""
    told = f"{machine}\n{clock.name}; medians over the rounds, quartiles in brackets; the aim is {AIM}"
    shown = Table(title="One step of training, beside the plain loop", caption=told)
    for heading in ("network", "loop"):
        shown.add_column(heading)
    for heading in ("ms/step", "images/s", "ratio"):
        shown.add_column(heading, justify="right")
    for result in results:
        titles = iter([result.cell.title, f"batch {result.cell.batch_size}", f"{result.cell.rounds} rounds"])
        for name in ("plain", "engine", "DataLoader"):
            ratio = "1" if name == "plain" else str(result.ratio(name))
            step = f"{1e3 * result.step(name).median:,.3f}"
            shown.add_row(next(titles), name, step, f"{result.images(name):,.0f}", ratio)
        shown.add_section()
    return shown


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, metavar="N", help="how often every loop runs (default: by cell)")
    parser.add_argument("--threads", type=int, metavar="N", default=1, help="threads that torch may use (default: 1)")
    parser.add_argument("--data-dir", type=Path, metavar="FOLDER", help="where MNIST and CIFAR-10 lie")
    parser.add_argument("--quick", action="store_true", help="few steps of small networks, to see that it runs")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every time that was taken")
    return parser.parse_args()


def main() -> None:
    """Measure every cell, show the table, write the JSON."""
    asked = arguments()
    torch.set_num_threads(asked.threads)
    clock, console = fitting_clock(), Console()
    chosen = QUICK if asked.quick else CELLS
    cells = [replace(cell, rounds=asked.rounds) for cell in chosen] if asked.rounds else chosen
    results = []
    for cell in cells:
        with console.status(f"{cell.title}, batch {cell.batch_size}"):
            results.append(measured(cell, examples(cell, asked.data_dir), clock))
    console.print(table(results, machine(), clock))
    if asked.json:
        facts = {"machine": asdict(machine()), "clock": clock.name, "aim": AIM}
        asked.json.write_text(json.dumps(facts | {"cells": [result.facts() for result in results]}, indent=1) + "\n")


if __name__ == "__main__":
    main()
