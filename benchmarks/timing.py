"""Rivals timed in turn in one process, and what their times say of one another."""

from __future__ import annotations

import gc
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch

Rival = Callable[[int], object]
"""Takes so many steps, always from the same start."""


@dataclass(frozen=True)
class Lengths:
    """Two numbers of steps. What lies between them is steps alone: what is done once a run is done in both."""

    short: int
    long: int

    @property
    def between(self) -> int:
        """The steps that only the long run takes."""
        return self.long - self.short


@dataclass(frozen=True)
class Times:
    """Seconds that one rival took for the two lengths, one pair a round."""

    short: list[float]
    long: list[float]

    def per_step(self, lengths: Lengths) -> list[float]:
        """Return the seconds of one more step, a round each: the slope between the two lengths."""
        return [(long - short) / lengths.between for short, long in zip(self.short, self.long, strict=True)]


@dataclass(frozen=True)
class Spread:
    """The median of some numbers and their quartiles."""

    median: float
    lower: float
    upper: float

    def __str__(self) -> str:
        """Return it as ``1.021 [1.01, 1.04]``."""
        return f"{self.median:.3f} [{self.lower:.2f}, {self.upper:.2f}]"


def spread(values: list[float]) -> Spread:
    """Return median and quartiles; all three are the value where there is but one."""
    lower, median, upper = statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else values * 3
    return Spread(median, lower, upper)


def ratios(rival: list[float], plain: list[float]) -> Spread:
    """Return how many times as long a rival took as the plain loop in the same round."""
    return spread([one / other for one, other in zip(rival, plain, strict=True)])


class Clock(NamedTuple):
    """A clock and its name. now: seconds since some moment."""

    name: str
    now: Callable[[], float]


def fitting_clock() -> Clock:
    """Return the clock to time by.

    With one thread it is the CPU time of the process, which other programs on the machine hardly change. The CPU
    time of several threads is the sum of theirs, waiting included, so there it is the clock on the wall.
    """
    alone = torch.get_num_threads() == 1
    return Clock("CPU time", time.process_time) if alone else Clock("wall time", time.perf_counter)


def interleaved(rivals: Mapping[str, Rival], lengths: Lengths, rounds: int, clock: Clock) -> dict[str, Times]:
    """Time every rival once a round, in turn, so that whatever slows the machine for a while slows them all.

    Each has run before it is timed, and each round begins with another one. No run pays for the garbage of another.
    """
    names, times = list(rivals), {name: Times([], []) for name in rivals}
    for rival in rivals.values():
        rival(lengths.short)
    gc.freeze()  # what is there now need not be looked through again before every run
    for turn in range(rounds):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            for steps, taken in ((lengths.short, times[name].short), (lengths.long, times[name].long)):
                gc.collect()
                began = clock.now()
                rivals[name](steps)
                taken.append(clock.now() - began)
    return times


@dataclass(frozen=True)
class Machine:
    """On what the times were taken."""

    processor: str
    cores: int
    threads: int
    system: str
    python: str
    torch: str

    def __str__(self) -> str:
        """Return it in one line."""
        threads = f"{self.threads} thread" + "s" * (self.threads > 1)
        return f"{self.processor}, {self.cores} cores, {threads} · Python {self.python} · torch {self.torch}"


def machine() -> Machine:
    """Return what this process runs on."""
    return Machine(
        processor=processor(),
        cores=os.cpu_count() or 1,
        threads=torch.get_num_threads(),
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        torch=str(torch.__version__),
    )


def processor() -> str:
    """Return the processor's name; Linux writes it where Python does not look."""
    facts = Path("/proc/cpuinfo")
    lines = facts.read_text().splitlines() if facts.exists() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()
