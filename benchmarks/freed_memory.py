"""What it costs a network to give the memory of its layers back to the system with every batch.

    python benchmarks/freed_memory.py            three networks, some two minutes
    python benchmarks/freed_memory.py --quick    some seconds, to see that it runs

Processes by turns, in which a network sees images in batches of 512, as evaluation does: one as Python starts it, one
that keeps what it frees, as ``onward`` and the processes that it starts do. Counted are the CPU time and the pages that
the system had to find, once the network has seen a batch. Where the C library is not glibc there is no difference.
"""

from __future__ import annotations

import json
import multiprocessing
import resource
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import partial

import torch
from comparison import SEED, options
from rich.console import Console
from rich.table import Table
from timing import machine, ratios, spread

from onward.heap import keep_what_is_freed
from onward.nets.zoo import fresh
from onward.rng import generator

BATCH = 512


@dataclass(frozen=True)
class Sight:
    """A network, its width, the images that it sees, and how often both processes see all of them."""

    net: str
    width: int
    shape: tuple[int, int, int]
    batches: int
    rounds: int


SIGHTS = (
    Sight("cnn", 16, (3, 16, 16), batches=20, rounds=9),
    Sight("cnn", 16, (3, 32, 32), batches=5, rounds=9),
    Sight("mlp", 256, (1, 28, 28), batches=60, rounds=9),
)
QUICK = (Sight("cnn", 8, (3, 16, 16), batches=2, rounds=2),)


@dataclass(frozen=True)
class Seen:
    """What it took to see an image, in the mean: microseconds of CPU time, and pages from the system."""

    microseconds: float
    pages: float


def seen(sight: Sight, keeping: bool) -> Seen:
    """Show a network images, in a process of one thread."""
    torch.set_num_threads(1)
    if keeping:
        keep_what_is_freed()
    model = fresh(sight.net, sight.shape, seed=SEED, width=sight.width).eval()
    images = torch.randint(0, 256, (BATCH, *sight.shape), dtype=torch.uint8, generator=generator(SEED, "images"))
    with torch.inference_mode():
        model.features(images)
        began, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        for _ in range(sight.batches):
            model.features(images)
        taken, pages = time.process_time() - began, resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
    return Seen(1e6 * taken / (sight.batches * BATCH), pages / (sight.batches * BATCH))


def by_turns(sight: Sight) -> dict[bool, list[Seen]]:
    """Return what it took with and without keeping, in processes of their own, by turns."""
    found: dict[bool, list[Seen]] = {False: [], True: []}
    spawn = multiprocessing.get_context("spawn")
    for turn in range(sight.rounds):
        for keeping in (turn % 2 == 1, turn % 2 == 0):
            with ProcessPoolExecutor(1, mp_context=spawn) as alone:
                found[keeping].append(alone.submit(partial(seen, sight, keeping)).result())
    return found


def main() -> None:
    """Compare, print a table, and write it where ``--json`` says."""
    chosen = options(__doc__).parse_args()
    sights = QUICK if chosen.quick else SIGHTS
    sights = tuple(replace(each, rounds=chosen.rounds or each.rounds) for each in sights)
    table = Table("network", "images", "µs an image, given back", "kept", "ratio", "pages an image, given back", "kept")
    cells = []
    for sight in sights:
        found = by_turns(sight)
        taken = {keeping: [each.microseconds for each in all_of] for keeping, all_of in found.items()}
        pages = {keeping: spread([each.pages for each in all_of]).median for keeping, all_of in found.items()}
        shape = "x".join(map(str, sight.shape))
        ratio = ratios(taken[True], taken[False])
        times = [f"{spread(taken[keeping]).median:.1f}" for keeping in (False, True)]
        counts = [f"{pages[keeping]:.1f}" for keeping in (False, True)]
        table.add_row(f"{sight.net}, width {sight.width}", shape, *times, str(ratio), *counts)
        cells.append({"sight": asdict(sight), "microseconds": taken, "pages": pages, "ratio": asdict(ratio)})
    Console().print(str(machine()), table, sep="\n")
    if chosen.json:
        chosen.json.write_text(json.dumps({"machine": asdict(machine()), "cells": cells}, indent=1))


if __name__ == "__main__":
    main()
