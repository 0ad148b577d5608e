"""How flat is the loss where a subspace of n corners ends: the Hessian's top eigenvalues, on Rotated MNIST.

    python benchmarks/flatness.py --data-dir FOLDER            four learners, three seeds; some minutes
    python benchmarks/flatness.py --data-dir FOLDER --quick    half a minute, to see that it runs

After figure 5 of Doan, Mirzadeh & Farajtabar 2023, "Continual Learning Beyond a Single Model", arXiv:2202.09826, in the
setting of its ablation: five tasks of 22.5 degrees, each seen once, an MLP of two layers of 100, no replay. There are
one network and the midpoints of subspaces of 2, 3 and 5 corners, at the paper's rates. After each task the largest
eigenvalues of the Hessian of the mean cross-entropy on this task's test images are taken. The paper does not tell on
which data it takes them.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean, stdev

import torch
from rich.console import Console
from rich.table import Table
from timing import machine

from onward.catalogue import parsed
from onward.datasets.published.named import load
from onward.engine.curvature import top_eigenvalues
from onward.engine.evaluate import judge
from onward.engine.update import update
from onward.learner import Learner
from onward.nets.zoo import fresh
from onward.settings import Settings
from onward.streams.experience import Stream
from onward.streams.named import build_stream
from onward.types import Data, subset

RIVALS = {
    "one network": "stable_sgd(decay=0.5)",
    "2 corners": "stable_sgd(decay=0.5) | subspace_ensemble(corners=2, spread=1.0)",
    "3 corners": "stable_sgd(decay=0.5) | subspace_ensemble(corners=3, spread=1.0)",
    "5 corners": "stable_sgd(decay=0.5) | subspace_ensemble(corners=5, spread=1.5)",
}
"""The learners; rates and the first spread are those of the paper's appendix."""

SETTINGS = Settings(epochs=1, batch_size=10, lr=0.1, momentum=0.0)
TASKS, EIGENVALUES = 5, 5


@dataclass(frozen=True)
class Sizes:
    """How much is done.

    Args:
        train: images of a task.
        looked_at: test images whose loss is bent.
        seeds: of each learner.
    """

    train: int = 60_000
    looked_at: int = 1_000
    seeds: int = 3


QUICK = Sizes(train=600, looked_at=100, seeds=2)


@dataclass(frozen=True)
class Walk:
    """One learner through all tasks.

    Args:
        accuracy: (tasks, tasks): after each task, on each task's test images.
        eigenvalues: (tasks, k): after each task, on its own, the largest first.
    """

    accuracy: list[list[float]]
    eigenvalues: list[list[float]]

    @property
    def final(self) -> float:
        """The mean accuracy over the tasks after the last."""
        return fmean(self.accuracy[-1])

    @property
    def forgetting(self) -> float:
        """The mean fall of a task from the best accuracy that it had before the last."""
        last = len(self.accuracy) - 1
        return fmean(
            max(row[task] for row in self.accuracy[task:last]) - self.accuracy[-1][task] for task in range(last)
        )

    @property
    def sharpness(self) -> float:
        """The largest eigenvalue, the mean over the tasks."""
        return fmean(top for top, *_ in self.eigenvalues)


def walk(method: str, stream: Stream, sizes: Sizes, seed: int) -> Walk:
    """Take one learner through the stream."""
    shape = tuple(stream[0].train.take(torch.tensor([0])).inputs.shape[1:])
    learner = Learner(fresh("mlp", shape, seed, width=100, depth=2), parsed(method))
    accuracy, eigenvalues = [], []
    for number, task in enumerate(stream):
        learner, _ = update(learner, task.train, SETTINGS, seed + 1000 * number)
        accuracy.append([judge(learner, each.test).accuracy for each in stream])
        seen = subset(task.test, torch.arange(sizes.looked_at))
        eigenvalues.append(list(top_eigenvalues(learner.model, seen, EIGENVALUES, seed)))
    return Walk(accuracy, eigenvalues)


def rotated(train: Data, test: Data, sizes: Sizes) -> Stream:
    """Return the tasks."""
    some = subset(train, torch.arange(sizes.train))
    return build_stream("domain-incremental", some, test, parts=TASKS, seed=0, shift="rotated", angles=22.5)


def shown(found: dict[str, list[Walk]], sizes: Sizes, seconds: float) -> Table:
    """Return a line for each learner."""
    caption = f"mean ± standard deviation over {sizes.seeds} seeds; {seconds:.0f} s\n{machine()}"
    table = Table(title="Top eigenvalues of the Hessian, Rotated MNIST, 5 tasks", caption=caption)
    table.add_column("learner")
    for heading in ("accuracy %", "forgetting", "largest eigenvalue", *(f"of task {k + 1}" for k in range(TASKS))):
        table.add_column(heading, justify="right")
    for name, walks in found.items():
        by_task = [[each.eigenvalues[task][0] for each in walks] for task in range(TASKS)]
        table.add_row(
            name,
            spread([100 * each.final for each in walks], 1),
            spread([100 * each.forgetting for each in walks], 1),
            spread([each.sharpness for each in walks], 1),
            *(spread(values, 1) for values in by_task),
        )
    return table


def spread(values: Sequence[float], decimals: int) -> str:
    """Return mean and standard deviation."""
    return f"{fmean(values):.{decimals}f} ± {stdev(values) if len(values) > 1 else 0.0:.{decimals}f}"


def draw(found: dict[str, list[Walk]], path: Path) -> None:
    """Draw the top eigenvalues of each learner, the mean over tasks and seeds."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.add_subplot(xlabel="eigenvalue, the largest first", ylabel="mean over tasks and seeds", yscale="log")
    places = range(1, EIGENVALUES + 1)
    for name, walks in found.items():
        means = [fmean(row[place - 1] for each in walks for row in each.eigenvalues) for place in places]
        axes.plot(places, means, marker="o", label=name)
    axes.set_xticks(places)
    axes.legend()
    figure.savefig(path, dpi=150)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    where = os.environ.get("ONWARD_DATA")
    parser.add_argument("--data-dir", type=Path, metavar="FOLDER", default=where, help="where MNIST lies")
    parser.add_argument("--quick", action="store_true", help="few images, to see that it runs")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every number")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw the eigenvalues")
    return parser.parse_args()


def main() -> None:
    """Take every learner through the tasks, show the table, write the JSON and the picture."""
    asked, console, began = arguments(), Console(), time.perf_counter()
    sizes = QUICK if asked.quick else Sizes()
    torch.set_num_threads(1)
    stream = rotated(load("mnist", "train", asked.data_dir), load("mnist", "test", asked.data_dir), sizes)
    found: dict[str, list[Walk]] = {}
    for name, method in RIVALS.items():
        with console.status(name):
            found[name] = [walk(method, stream, sizes, seed) for seed in range(sizes.seeds)]
    console.print(shown(found, sizes, time.perf_counter() - began))
    if asked.plot:
        draw(found, asked.plot)
    if asked.json:
        facts = {"sizes": asdict(sizes), "machine": asdict(machine())}
        walks = {name: [asdict(each) for each in walks] for name, walks in found.items()}
        asked.json.write_text(json.dumps({**facts, "learners": walks}, indent=2))


if __name__ == "__main__":
    main()
