"""How often the gate refuses a harmless update, and how often a poisoned one, on MNIST.

    python benchmarks/gate_false_alarms.py --data-dir FOLDER            50 harmless updates and more; some minutes
    python benchmarks/gate_false_alarms.py --data-dir FOLDER --quick    half a minute, to see that it runs

One perceptron is trained. Then, again and again from there, a small arrival of the same distribution makes a child by
a few gentle steps, and the gate judges it on an old test set that is drawn anew each time. What the update truly did
to accuracy is seen on all 10,000 test images. Where it cost at most the margin, a refusal is a false alarm. Poisoned
arrivals have a share of their labels off by one, and are trained on as much as a careless user would.

Beside the gate's test stands the comparison of plain numbers that it is to replace: refuse where accuracy on the old
test set fell by more than the margin.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table
from scipy.stats import binomtest
from timing import machine

from onward.catalogue import parsed
from onward.datasets.published.named import load
from onward.engine.update import update
from onward.gate.evidence import Evidence
from onward.gate.judging import judged
from onward.gate.measuring import measure
from onward.gate.rules import Gate
from onward.learner import Learner
from onward.nets.zoo import fresh
from onward.record import Measure
from onward.rng import generator
from onward.settings import Settings
from onward.types import Examples, subset

SEED = 0
MARGINS = (0.0, 0.001, 0.01)
GENTLE = Settings(epochs=1, batch_size=32, lr=0.02)
CARELESS = Settings(epochs=5, batch_size=32, lr=0.02)


@dataclass(frozen=True)
class Trial:
    """A kind of update, made again and again.

    Args:
        title: of its row.
        method: of the update.
        settings: of its training.
        poisoned: share of the arrival's labels that are off by one.
    """

    title: str
    method: str
    settings: Settings
    poisoned: float = 0.0


TRIALS = (
    Trial("harmless, warm start", "warm_start", GENTLE),
    Trial("harmless, replay", "replay(size=500)", GENTLE),
    Trial("10 % of labels wrong", "warm_start", CARELESS, 0.1),
    Trial("30 % of labels wrong", "warm_start", CARELESS, 0.3),
    Trial("all labels wrong", "warm_start", CARELESS, 1.0),
)


@dataclass(frozen=True)
class Sizes:
    """How much is done.

    Args:
        first: examples that the parent is trained on.
        arrival: examples of an update.
        test: of the old test set.
        updates: of each kind.
    """

    first: int = 8000
    arrival: int = 200
    test: int = 1000
    updates: int = 50


QUICK = Sizes(first=2000, test=500, updates=6)


@dataclass(frozen=True)
class Outcome:
    """One update, judged.

    Args:
        old: the child on the old test set that the gate saw.
        all: the child on all test images.
    """

    old: Measure
    all: Measure

    @property
    def true_fall(self) -> float:
        """How far accuracy fell on all test images."""
        return (self.all.parent_accuracy or 0.0) - self.all.accuracy


def plainly_refused(outcome: Outcome, margin: float) -> bool:
    """Say whether the plain numbers on the old test set break the rule."""
    return round((outcome.old.parent_accuracy or 0.0) - outcome.old.accuracy - margin, 9) > 0


def refused(outcome: Outcome, margin: float) -> bool:
    """Say whether the gate refuses, by its rule on accuracy alone."""
    return not judged(Gate(margin=margin, negative_flips=1.0), Evidence((outcome.old,))).passed


def stopped(outcome: Outcome) -> bool:
    """Say whether the gate refuses with all its usual rules."""
    return not judged(Gate(), Evidence((outcome.old,))).passed


def rate(found: Sequence[bool]) -> tuple[float, float, float]:
    """Return the share of them that are true, between Clopper and Pearson's two-sided 95 % bounds."""
    both = binomtest(sum(found), len(found)).proportion_ci(0.95)
    return sum(found) / len(found), both.low, both.high


def poisoned(data: Examples, share: float, *names: str | int) -> Examples:
    """Return the examples with a share of the labels moved on to the next class."""
    rows = torch.randperm(len(data), generator=generator(SEED, "poison", *names))[: round(share * len(data))]
    targets = data.targets.clone()
    targets[rows] = (targets[rows] + 1) % len(data.classes)
    return Examples(data.inputs, targets, data.classes)


@dataclass(frozen=True)
class World:
    """What every update begins with.

    Args:
        parent: the version in use, under each method that a trial asks for.
        rest: training examples that no version has seen.
        test: all test images.
        sizes: how much is done.
    """

    parent: dict[str, Learner]
    rest: Examples
    test: Examples
    sizes: Sizes


def world(train: Examples, test: Examples, sizes: Sizes) -> World:
    """Train the version in use."""
    order = torch.randperm(len(train), generator=generator(SEED, "order"))
    first, rest = subset(train, order[: sizes.first]), subset(train, order[sizes.first :])
    parents = {}
    for name in dict.fromkeys(trial.method for trial in TRIALS):
        begun = Learner(fresh("mlp", tuple(train.inputs.shape[1:]), SEED, width=64), parsed(name))
        parents[name], _ = update(begun, first, Settings(epochs=4, lr=0.05), SEED)
    return World(parents, rest, test, sizes)


def outcomes(trial: Trial, given: World) -> Iterator[Outcome]:
    """Make the updates of one kind, each of its own arrival and before its own old test set."""
    parent = given.parent[trial.method]
    for turn in range(given.sizes.updates):
        draws = generator(SEED, trial.title, turn)
        arrival = subset(given.rest, torch.randperm(len(given.rest), generator=draws)[: given.sizes.arrival])
        old = subset(given.test, torch.randperm(len(given.test), generator=draws)[: given.sizes.test])
        child, _ = update(parent, poisoned(arrival, trial.poisoned, turn), trial.settings, turn)
        yield Outcome(
            measure("old test set", old, child, parent, old=True),
            measure("all test images", given.test, child, parent, old=True),
        )


def row(trial: Trial, found: Sequence[Outcome]) -> dict[str, Any]:
    """Return what is told of one kind of update."""
    falls = sorted(outcome.true_fall for outcome in found)
    told: dict[str, Any] = {"title": trial.title, "updates": len(found)}
    told |= {"true_fall": {"lowest": falls[0], "mean": sum(falls) / len(falls), "highest": falls[-1]}}
    told |= {"refused": rate([stopped(outcome) for outcome in found])}
    for margin in MARGINS:
        kept = [outcome for outcome in found if outcome.true_fall <= margin]
        told[f"margin {margin:g}"] = {
            "plain": rate([plainly_refused(outcome, margin) for outcome in found]),
            "test": rate([refused(outcome, margin) for outcome in found]),
            "keeps the rule": len(kept),
            "false alarms, plain": sum(plainly_refused(outcome, margin) for outcome in kept),
            "false alarms, test": sum(refused(outcome, margin) for outcome in kept),
        }
    return told


def shown(rows: Sequence[dict[str, Any]], sizes: Sizes, seconds: float) -> Table:
    """Return a line for each kind of update, and the machine below."""
    told = (
        f"{sizes.updates} updates of {sizes.arrival} examples a kind, an old test set of {sizes.test}; {seconds:.0f} s"
    )
    table = Table(title="Updates that are refused, %", caption=f"{told}\n{machine()}")
    table.add_column("arrival")
    for heading in ("true fall", "the gate [95 %]", *(f"{m:g}: plain, test" for m in MARGINS)):
        table.add_column(heading, justify="right")
    for each in rows:
        share, low, high = (100 * value for value in each["refused"])
        pairs = [[100 * each[f"margin {m:g}"][how][0] for how in ("plain", "test")] for m in MARGINS]
        cells = [f"{one:.0f}, {other:.0f}" for one, other in pairs]
        fall = 100 * each["true_fall"]["mean"]
        table.add_row(each["title"], f"{fall:.2f}", f"{share:.0f} [{low:.0f}, {high:.0f}]", *cells)
    return table


def alarms(rows: Sequence[dict[str, Any]]) -> Table:
    """Return how many of the updates that truly kept a rule were refused by it."""
    table = Table(title="False alarms: refusals among updates that fell by no more than the margin")
    table.add_column("margin")
    for heading in ("kept the rule", "refused by plain numbers", "refused by the test"):
        table.add_column(heading, justify="right")
    for margin in MARGINS:
        counts = [each[f"margin {margin:g}"] for each in rows]
        keys = ("keeps the rule", "false alarms, plain", "false alarms, test")
        table.add_row(f"{margin:g}", *(f"{sum(count[key] for count in counts)}" for key in keys))
    return table


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--updates", type=int, metavar="N", help="how many of each kind (default: 50)")
    where = os.environ.get("ONWARD_DATA")
    parser.add_argument("--data-dir", type=Path, metavar="FOLDER", default=where, help="where MNIST lies")
    parser.add_argument("--quick", action="store_true", help="few updates, to see that it runs")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every number")
    return parser.parse_args()


def main() -> None:
    """Make and judge every update, show the tables, write the JSON."""
    asked, console, began = arguments(), Console(), time.perf_counter()
    sizes = QUICK if asked.quick else Sizes()
    if asked.updates:
        sizes = Sizes(**asdict(sizes) | {"updates": asked.updates})
    torch.set_num_threads(1)
    with console.status("the version in use"):
        given = world(load("mnist", "train", asked.data_dir), load("mnist", "test", asked.data_dir), sizes)
    rows = []
    for trial in TRIALS:
        with console.status(trial.title):
            rows.append(row(trial, list(outcomes(trial, given))))
    console.print(shown(rows, sizes, time.perf_counter() - began))
    console.print(alarms(rows))
    if asked.json:
        asked.json.write_text(
            json.dumps({"sizes": asdict(sizes), "machine": asdict(machine()), "rows": rows}, indent=1)
        )


if __name__ == "__main__":
    main()
