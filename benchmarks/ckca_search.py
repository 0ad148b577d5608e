"""Ideas that the abstract of CKCA permits and that found no place in ``ckca``, tried beside it.

    python benchmarks/ckca_search.py --data-dir FOLDER            two seeds of each idea; a quarter of an hour
    python benchmarks/ckca_search.py --data-dir FOLDER --quick    an epoch an update, to see that it runs

The setting is that of ``onward reproduce ckca-ablation``: what is tested on is training data that no method sees. The
ideas stand in ``ckca_ideas.py``: a strength that rises or falls within an update, a running average of all versions as
the teacher, the last two versions as teachers, the features of every stage held beside the answers.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from ckca_ideas import IDEAS
from rich.console import Console
from rich.progress import track
from rich.table import Table
from timing import machine

from onward.experiment import Experiment, read
from onward.experiment.cell import data_of, made_model, made_stream, shape_of, single_thread
from onward.experiment.walk import walked
from onward.learner import Learner
from onward.metrics.interval import mean_interval, paired_interval
from onward.reproduction.registry import find


@dataclass(frozen=True)
class Job:
    """One idea with one seed in an experiment."""

    idea: str
    seed: int
    experiment: Experiment


def tried(job: Job) -> tuple[Job, tuple[float, ...]]:
    """Return the accuracy after each update, in a process of its own."""
    plan, model = job.experiment.stream, job.experiment.model
    train, test = data_of(plan, job.experiment.data_dir)
    stream = made_stream(plan, train, test, job.seed)
    settings = job.experiment.contenders[0].settings
    with single_thread():
        learner = Learner(made_model(model, shape_of(train), job.seed), IDEAS[job.idea])
        return job, walked(learner, stream, settings, job.seed).after_updates


def table(found: dict[str, list[tuple[float, ...]]], name: str) -> Table:
    """Return a line for each idea; accuracies in %, differences in points."""
    plain = np.array([each[-1] for each in found["ckca"]])
    told = f"in %, mean ± 95 % interval (Student's t) over {len(plain)} seeds\n{machine()}"
    shown = Table(title=f"Ideas beside ckca: {name}", caption=told)
    shown.add_column("idea")
    for heading in ("final accuracy", "average over the updates", "points over ckca"):
        shown.add_column(heading, justify="right")
    for idea, curves in found.items():
        final, mean = [each[-1] for each in curves], [float(np.mean(each)) for each in curves]
        beyond = "" if idea == "ckca" else interval(paired_interval(final, plain))
        shown.add_row(idea, interval(mean_interval(final)), interval(mean_interval(mean)), beyond)
    return shown


def interval(estimate: tuple[float, float]) -> str:
    """Return a mean and half the width of its interval, in percent."""
    return f"{100 * estimate[0]:.2f} ± {100 * estimate[1]:.2f}"


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    where = os.environ.get("ONWARD_DATA")
    parser.add_argument("--data-dir", type=Path, metavar="FOLDER", default=where, help="where CIFAR-100 lies")
    parser.add_argument("--seeds", type=int, metavar="N", default=2, help="streams of each idea (default: 2)")
    parser.add_argument("--jobs", type=int, metavar="N", default=os.cpu_count(), help="how many run at once")
    parser.add_argument("--quick", action="store_true", help="an epoch an update, to see that it runs")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every accuracy")
    return parser.parse_args()


def main() -> None:
    """Run every idea with every seed, show the table, write the JSON."""
    asked = arguments()
    with find("ckca-ablation").file("full") as file:
        experiment = read(file, asked.data_dir, asked.seeds)
    if asked.quick:
        first = experiment.contenders[0]
        short = replace(first, settings=replace(first.settings, epochs=1))
        experiment = replace(experiment, contenders=(short,))
    jobs = [Job(idea, seed, experiment) for seed in experiment.seeds for idea in IDEAS]
    found: dict[str, list[tuple[float, ...]]] = {idea: [] for idea in IDEAS}
    with ProcessPoolExecutor(asked.jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        for job, accuracies in track(pool.map(tried, jobs), "ideas", len(jobs)):
            found[job.idea].append(accuracies)
    Console().print(table(found, experiment.name))
    if asked.json:
        facts = {"machine": asdict(machine()), "seeds": list(experiment.seeds), "accuracy": found}
        asked.json.write_text(json.dumps(facts, indent=1) + "\n")


if __name__ == "__main__":
    main()
