"""What a least-squares classifier costs: sums over features, and the solution.

    python benchmarks/ridge_solve.py            50,000 examples, 512 features, 1000 classes; three minutes
    python benchmarks/ridge_solve.py --quick    some seconds, to see that it runs

The measure is the two bare matrix products without which there is no normal equation, HᵀH and YᵀH of features H and
one-hot targets Y, in float64 as ours are, both matrices made beforehand. Beside it are scikit-learn's ``Ridge`` by
Cholesky's factor and torch's ``lstsq`` by QR. Before they are timed, all that solve must have found the same rows.

Memory is what a process of its own comes to hold at most, beyond float32 features, targets and the libraries.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import partial
from multiprocessing import get_context
from typing import Any

import torch
from comparison import SEED, options
from rich.console import Console
from rich.table import Table
from timing import Lengths, Times, fitting_clock, interleaved, machine, ratios, spread
from torch import Tensor

from onward.formulas.moments import Moments
from onward.formulas.ridge import least_squares
from onward.rng import generator

ONCE = Lengths(0, 1)
"""Every rival is run once a round; nothing is what its time is measured from."""

AIM = 1.3
"""The most that sums and solution may take, in the time of the two products."""

STRENGTH, BATCH = 1e-3, 512
"""The ridge, and the examples in one portion of features."""


@dataclass(frozen=True)
class Problem:
    """Examples, features and classes that are made up; how often every rival runs on them; torch's threads."""

    n: int
    d: int
    c: int
    rounds: int
    threads: int = 1

    @property
    def needed(self) -> float:
        """MiB of the sums alone, d² + C d numbers in float64."""
        return 8 * (self.d**2 + self.c * self.d) / 2**20


Solve = Callable[[], Tensor | None]
"""Gives the rows, (c, d); None where it solves nothing."""

LARGE = Problem(50_000, 512, 1000, rounds=7)
QUICK = Problem(2_000, 32, 10, rounds=3)


def drawn(problem: Problem) -> tuple[Tensor, Tensor]:
    """Return float32 features and targets."""
    draws = generator(SEED, "ridge")
    features = torch.randn(problem.n, problem.d, generator=draws)
    return features, torch.randint(problem.c, (problem.n,), generator=draws)


def one_hot(targets: Tensor, c: int, dtype: torch.dtype) -> Tensor:
    """Return Y, (n, c)."""
    return torch.zeros(len(targets), c, dtype=dtype).scatter_(1, targets[:, None], 1)


def products(dtype: torch.dtype, features: Tensor, targets: Tensor, c: int) -> Solve:
    """Return the two products that any solution of the normal equation needs."""
    h, y = features.to(dtype), one_hot(targets, c, dtype)

    def run() -> None:
        _ = h.T @ h, y.T @ h

    return run


def onwards(features: Tensor, targets: Tensor, c: int) -> Solve:
    """Return ours, to which features come in batches."""

    def run() -> Tensor:
        moments = Moments.empty(features.shape[1], c)
        for h, y in zip(features.split(BATCH), targets.split(BATCH), strict=True):
            moments.add(h, y)
        return least_squares(moments, STRENGTH).weight

    return run


def scikit_learns(features: Tensor, targets: Tensor, c: int) -> Solve:
    """Return the same problem as scikit-learn states it: n times the mean, and so n times the ridge."""
    from sklearn.linear_model import Ridge

    h, y = features.double().numpy(), one_hot(targets, c, torch.float64).numpy()
    model = Ridge(alpha=len(h) * STRENGTH, fit_intercept=False, solver="cholesky")
    return lambda: torch.from_numpy(model.fit(h, y).coef_)


def torchs(features: Tensor, targets: Tensor, c: int) -> Solve:
    """Return the same problem without a ridge: d more examples, each of one feature and no class, are the ridge."""
    n, d = features.shape
    ridge = (n * STRENGTH) ** 0.5 * torch.eye(d, dtype=torch.float64)
    h = torch.cat([features.double(), ridge])
    y = torch.cat([one_hot(targets, c, torch.float64), torch.zeros(d, c, dtype=torch.float64)])
    return lambda: torch.linalg.lstsq(h, y, driver="gels").solution.T


RIVALS: dict[str, Callable[[Tensor, Tensor, int], Solve]] = {
    "two products": partial(products, torch.float64),
    "two products, float32": partial(products, torch.float32),
    "onward": onwards,
    "scikit-learn": scikit_learns,
    "torch lstsq": torchs,
}
"""The one first by which the others are measured."""


def limited(threads: int) -> None:
    """Give torch and what NumPy calls so many threads from here on."""
    from threadpoolctl import threadpool_limits

    torch.set_num_threads(threads)
    threadpool_limits(threads)


def memory(problem: Problem, name: str) -> float:
    """Return the MiB that a rival makes the process hold at most beyond what it held; for a process of its own."""
    limited(problem.threads)
    RIVALS[name](*drawn(replace(QUICK, threads=problem.threads)), QUICK.c)()  # what is loaded once is no part of it
    features, targets = drawn(problem)
    before = peak()
    RIVALS[name](features, targets, problem.c)()
    return peak() - before


def peak() -> float:
    """Return the MiB that this process has held at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def memories(problem: Problem, names: Iterable[str] = RIVALS) -> dict[str, float]:
    """Return the memory of rivals, each in a process of its own, forked from one that has but loaded libraries."""
    server, wanted = get_context("forkserver"), list(names)
    server.set_forkserver_preload(["sklearn.linear_model", "threadpoolctl", "rich.table", "onward.nets.zoo"])
    with ProcessPoolExecutor(1, mp_context=server, max_tasks_per_child=1) as processes:
        return dict(zip(wanted, processes.map(partial(memory, problem), wanted), strict=True))


def fair(problem: Problem) -> dict[str, Solve]:
    """Return the rivals, refused where those that solve find other rows.

    Raises:
        SystemExit: when they do.
    """
    features, targets = drawn(problem)
    solves = {name: ready(features, targets, problem.c) for name, ready in RIVALS.items()}
    found = {name: rows for name, solve in solves.items() if (rows := solve()) is not None}
    ours = found["onward"]
    for name, rows in found.items():
        if not torch.allclose(rows, ours, rtol=1e-6, atol=1e-9 * float(ours.abs().max())):
            raise SystemExit(f"{name} and onward found other rows; no times")
    return solves


def compared(problem: Problem) -> dict[str, Times]:
    """Return the seconds of each rival."""

    def repeated(solve: Solve, times: int) -> None:
        for _ in range(times):
            solve()

    rivals = {name: partial(repeated, solve) for name, solve in fair(problem).items()}
    return interleaved(rivals, ONCE, problem.rounds, fitting_clock())


def facts(problem: Problem, times: Mapping[str, Times], held: Mapping[str, float]) -> dict[str, Any]:
    """Return all that was measured as JSON."""
    seconds = {name: each.per_step(ONCE) for name, each in times.items()}
    measure = next(iter(seconds.values()))
    rivals = {
        name: {"seconds": each, "ratio": asdict(ratios(each, measure)), "extra MiB": held[name]}
        for name, each in seconds.items()
    }
    return {"problem": asdict(problem), "sums MiB": problem.needed, "rivals": rivals}


def table(problem: Problem, times: Mapping[str, Times], held: Mapping[str, float]) -> Table:
    """Return a line for each rival."""
    seconds = {name: each.per_step(ONCE) for name, each in times.items()}
    measure = next(iter(seconds))
    title = f"Least squares of {problem.n:,} examples, {problem.d} features, {problem.c:,} classes"
    told = (
        f"{machine()}\n{fitting_clock().name}; medians over {problem.rounds} rounds, quartiles in brackets; "
        f"the aim for onward is {AIM}; its sums alone are {problem.needed:.1f} MiB"
    )
    shown = Table(title=title, caption=told)
    shown.add_column("rival")
    for heading in ("seconds", "ratio", "extra MiB"):
        shown.add_column(heading, justify="right")
    for name, each in seconds.items():
        ratio = "1" if name == measure else str(ratios(each, seconds[measure]))
        shown.add_row(name, f"{spread(each).median:.3f}", ratio, f"{held[name]:,.0f}")
    return shown


def main() -> None:
    """Measure, show the table, write the JSON."""
    asked = options(__doc__).parse_args()
    problem = QUICK if asked.quick else LARGE
    problem = replace(problem, threads=asked.threads, rounds=asked.rounds or problem.rounds)
    console = Console()
    limited(problem.threads)
    with console.status("memory, then time"):
        held = memories(problem)
        times = compared(problem)
    console.print(table(problem, times, held))
    if asked.json:
        told = {"machine": asdict(machine()), "clock": fitting_clock().name, "note": f"the aim is {AIM}"}
        asked.json.write_text(json.dumps(told | facts(problem, times, held), indent=1) + "\n")


if __name__ == "__main__":
    main()
