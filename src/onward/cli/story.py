"""``onward demo``: each week is a real update by the commands that a user would type."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import typer

from onward.catalogue import parsed
from onward.cli import making, reading, updating
from onward.cli.show import console
from onward.config import settings_from
from onward.demo import Week, poisoned, story, written
from onward.errors import InputError, optional
from onward.experiment.cell import single_thread
from onward.experiment.results import CellResult, Results
from onward.experiment.walk import walked
from onward.learner import Learner
from onward.nets.zoo import fresh
from onward.release.arrival import Arrival
from onward.release.rules import CONFIG
from onward.report.plots import curves
from onward.report.tables import results_table
from onward.store.lineage import Lineage
from onward.streams.experience import Experience

METHOD = "lwf(strength=0.5) | replay(size=400, per_batch=96)"
METHODS = {"warm start": "warm_start", "replay": "replay(size=400, per_batch=96)", "joint": "joint"}
SETTINGS = ["lr=0.02", "schedule=cosine", "epochs=8", "batch_size=32"]
"""Chosen with a quarter of the digits' training part in place of the test part."""

SEEDS = 3


def tell(out: Path, seed: int) -> None:
    """Tell the story in the folder ``out``.

    Raises:
        InputError: when the folder holds something else than an earlier telling.
        MissingExtraError: when scikit-learn or matplotlib is missing; before anything is done.
    """
    for module in ("sklearn", "matplotlib"):
        optional(module, "demo", "the demonstration")
    lineage = out / "lineage"
    if out.exists():
        if any(out.iterdir()) and not lineage.is_dir():
            raise InputError(f"the folder {out} is not empty and not a demonstration's; give another one with --out")
        shutil.rmtree(out)
    out.mkdir(parents=True)
    console().print(f"onward demo: real handwritten digits, all files go to {out}\n", style="bold")
    weeks = story(seed)
    with single_thread():  # a network this small only waits for more
        for week in (*weeks, poisoned(seed)):
            arrives(week, out, lineage, seed)
        say("what became of it", f"onward log prod --lineage {lineage}")
        reading.log("prod", lineage)
        compare(weeks, out, seed)


def say(told: str, command: str) -> None:
    """Print a heading and the command that is run."""
    console().print(f"\n{told}", style="bold")
    console().print(f"$ {command}", style="cyan", markup=False)


def arrives(week: Week, out: Path, lineage: Path, seed: int) -> None:
    """Write a week's files, and update with them."""
    data = written(week.train, out / f"{week.name}.npz")
    test = written(week.test, out / f"test-{week.test_name}.npz")
    if not lineage.exists():
        say("a new network", f"onward init prod --model 'cnn(width=8)' --shape 1,8,8 --lineage {lineage}")
        making.init("prod", "cnn(width=8)", shape="1,8,8", seed=seed, lineage=lineage)
        console().print(f"its rules are in {lineage / CONFIG}", markup=False)
    settings = " ".join(f"--set {setting}" for setting in SETTINGS)
    given = f"--data {data} --test {test} --method '{METHOD}' {settings}"
    say(f"{week.name}: {week.told}", f"onward update prod {given} --lineage {lineage}")
    arrival = Arrival(str(data), (str(test),), parsed(METHOD), settings_from(SETTINGS), seed)
    try:
        updating.carry_out(Lineage(lineage), "prod", arrival, "prod", updating.Ways())
    except typer.Exit:
        console().print("  It was made, it is kept, and the gate did not let it replace the version in use.")


def compare(weeks: tuple[Week, ...], out: Path, seed: int) -> None:
    """Take the same weeks by three methods, and show a table and a picture."""
    told = "the same four weeks by three methods; joint keeps all data and starts afresh each week"
    console().print(f"\n{told}", style="bold")
    results = Results("four weeks", tuple(walks(weeks, seed)))
    console().print(results_table(results))
    picture = curves(results, out / "comparison.png")
    console().print(f"the picture is {picture}; the versions are in {out / 'lineage'}", markup=False)


def walks(weeks: tuple[Week, ...], seed: int) -> Iterator[CellResult]:
    """Yield each method's walk through the weeks, from the same start; three seeds each."""
    stream = tuple(Experience(week.name, week.train, week.test) for week in weeks)
    settings = settings_from(SETTINGS)
    for label, method in METHODS.items():
        for each in range(seed, seed + SEEDS):
            learner = Learner(fresh("cnn", (1, 8, 8), each, width=8), parsed(method))
            yield CellResult(label, method, each, walked(learner, stream, settings, each))
