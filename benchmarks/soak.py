"""Whether an update goes on taking what it took: hundreds in one lineage, and a lineage of a thousand versions.

    python benchmarks/soak.py                                 100 updates, 1,000 versions, some minutes
    python benchmarks/soak.py --updates 10 --versions 20      some seconds, to see that it runs

Each update reads its arrival from the disk, goes on with a chain of methods whose cost does not grow, is judged, kept
and promoted, all in one process. What the process holds after each is read from the system and from Python; what grows
is told as the slope over the second half, by which time all that is loaded once has been.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean, linear_regression

import numpy as np
import torch

from onward.catalogue import parsed
from onward.cli.show import console
from onward.cli.versions import log_lines
from onward.nets.zoo import fresh
from onward.release.arrival import Arrival, ready
from onward.release.beginning import begin
from onward.release.making import release
from onward.release.rules import CONFIG
from onward.rng import generator
from onward.settings import Settings
from onward.store.diff import diff
from onward.store.garbage import collect
from onward.store.line import so_far
from onward.store.lineage import Lineage
from onward.store.verify import verify

METHOD = "least_squares | lwf | ewc | replay(size=60, per_batch=10)"
"""Each keeps as much after the hundredth update as after the first."""

LENIENT = "[gate]\nmargin = 1\nnegative_flips = 1\n"
CLASSES, FEATURES, ARRIVING = 4, 8, 40


@dataclass(frozen=True)
class Held:
    """What the process and the lineage hold after an update.

    Args:
        seconds: that the update took, from reading the arrival to the head's move.
        resident: bytes in memory.
        tensors: that Python knows.
        files: that are open.
        kept: bytes that the methods keep.
        version: bytes of the version on the disk.
    """

    seconds: float
    resident: int
    tensors: int
    files: int
    kept: int
    version: int


@dataclass(frozen=True)
class Soaked:
    """What came of many updates in one lineage.

    Args:
        held: after each of them.
        problems: that ``verify`` found at the end.
        versions: in the lineage at the end; one more than updates.
    """

    held: tuple[Held, ...]
    problems: tuple[str, ...]
    versions: int

    def slope(self, name: str) -> float:
        """Return by how much a figure grows with an update, over the second half."""
        late = [float(getattr(each, name)) for each in self.held[len(self.held) // 2 :]]
        return linear_regression(range(len(late)), late).slope

    def quarter(self, last: bool) -> float:
        """Return the mean seconds of an update in the first quarter or in the last; not of the very first one."""
        seconds = [each.seconds for each in self.held[1:]]
        some = max(1, len(seconds) // 4)
        return fmean(seconds[-some:] if last else seconds[:some])


def soak(updates: int, seed: int = 0) -> Soaked:
    """Take a lineage through so many updates, each with an arrival of its own, and look at what is held after each."""
    with tempfile.TemporaryDirectory() as folder:
        lineage, held = begun(Path(folder), seed), []
        for number in range(updates):
            held.append(updated(lineage, Path(folder), seed, number))
        return Soaked(tuple(held), verify(lineage).problems, len(lineage.ids()))


def begun(folder: Path, seed: int) -> Lineage:
    """Return a lineage whose first version knows nothing, and whose gate lets everything through."""
    lineage = Lineage.create(folder / "lineage")
    begin(lineage, "prod", fresh("mlp", (FEATURES,), seed, width=16, depth=1))
    (lineage.path / CONFIG).write_text(LENIENT)
    return lineage


def updated(lineage: Lineage, folder: Path, seed: int, number: int) -> Held:
    """Make the next version with the arrival of that number, and return what is held after it."""
    source, test = (put(folder / name, seed, number) for name in ("arrived.npz", f"test-{seed}.npz"))
    arrival = Arrival(
        source, () if number else (test,), parsed(METHOD), Settings(epochs=2, batch_size=20), seed=seed + number
    )
    began = time.perf_counter()
    made = release(ready(lineage, "prod", arrival), "prod").version
    seconds = time.perf_counter() - began
    gc.collect()
    return Held(
        seconds,
        resident=int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE"),
        tensors=sum(issubclass(type(each), torch.Tensor) for each in gc.get_objects()),
        files=len(list(Path("/proc/self/fd").iterdir())),
        kept=sum(each.bytes for each in made.card.kept),
        version=sum(file.stat().st_size for file in made.path.iterdir()),
    )


def put(path: Path, seed: int, number: int) -> str:
    """Write examples of classes that overlap a little, and return their source; a test set is written once."""
    if path.name == "arrived.npz" or not path.exists():
        targets = torch.arange(ARRIVING) % CLASSES
        noise = torch.randn(ARRIVING, FEATURES, generator=generator(seed, path.stem, number))
        inputs = noise + 2 * torch.eye(CLASSES, FEATURES)[targets]
        np.savez(path, x=inputs.numpy(), y=targets.numpy())
    return str(path)


def long_lineage(versions: int, seed: int = 0) -> dict[str, float]:
    """Return the seconds that each command's work takes in a lineage of so many versions, all but two of them copies.

    Args:
        versions: in all.
        seed: of the first update.
    """
    with tempfile.TemporaryDirectory() as folder:
        lineage = begun(Path(folder), seed)
        updated(lineage, Path(folder), seed, 0)
        learner, last = lineage.load("prod"), lineage.version("prod")
        for number in range(versions - 3):
            card = replace(last.card, parent=last.id, note=str(number), so_far=None)
            last = lineage.save(learner, replace(card, so_far=so_far(lineage, card)))
        lineage.promote(last.id, "prod")
        far = f"prod~{versions - 2}"
        timed = {
            "update": lambda: updated(lineage, Path(folder), seed, 1),
            "log": lambda: logged(lineage),
            "diff": lambda: diff(lineage, far, "prod"),
            "verify": lambda: verify(lineage),
            "gc": lambda: collect(lineage),
        }
        return {name: seconds(act) for name, act in timed.items()}


def logged(lineage: Lineage) -> None:
    """List all of a lineage as the command does, to nowhere."""
    with console().capture():
        log_lines(lineage.history("prod"), lineage.heads.all())


def seconds(act: Callable[[], object]) -> float:
    """Return how long something takes."""
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def main(words: Sequence[str] | None = None) -> None:
    """Run both, print what came of them, and write it where ``--json`` says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--updates", type=int, default=100, help="in one lineage, at least 4")
    parser.add_argument("--versions", type=int, default=1000, help="of the long lineage, at least 3")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="write everything there")
    chosen = parser.parse_args(words)
    torch.set_num_threads(1)
    soaked = soak(chosen.updates, chosen.seed)
    for name in ("resident", "tensors", "files", "kept", "version"):
        now = getattr(soaked.held[-1], name)
        print(f"{name:<9} {now:>12,} after {chosen.updates} updates, {soaked.slope(name):+,.1f} with each")
    first, last = (soaked.quarter(last) for last in (False, True))
    print(f"seconds   {first:.3f} an update in the first quarter, {last:.3f} in the last")
    print(f"verify    {len(soaked.problems)} problems in {soaked.versions} versions")
    long = long_lineage(chosen.versions, chosen.seed)
    print(f"in a lineage of {chosen.versions:,} versions: " + ", ".join(f"{n} {s:.2f} s" for n, s in long.items()))
    if chosen.json:
        chosen.json.write_text(json.dumps({"soak": asdict(soaked), "long": long}, indent=1))


if __name__ == "__main__":
    main()
