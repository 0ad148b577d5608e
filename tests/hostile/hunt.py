"""A hunt for cases that break one target, in a process of its own: it may die of what it finds.

``python -m tests.hostile.hunt NAME FOLDER SECONDS CASES SEED [--guided]`` ends after so many seconds or cases, and
leaves figures in FOLDER/figures.json. Guided by what of onward's code a case reaches, it needs atheris.
"""

from __future__ import annotations

import faulthandler
import json
import random
import resource
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.hostile.cases import Tally

EVERY, HANGS = 100, 60


def note(folder: Path, tally: Tally, begun: float) -> None:
    """Write down what was found so far."""
    held = {
        **tally.counts,
        "seconds": time.perf_counter() - begun,
        "mebibytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "breaches": {name: raw.hex() for name, raw in tally.breaches.items()},
    }
    (folder / "figures.tmp").write_text(json.dumps(held))
    (folder / "figures.tmp").replace(folder / "figures.json")


def hunt(name: str, folder: Path, seconds: float, most: int, seed: int, guided: bool) -> None:
    """Try cases for some seconds. Each lies in FOLDER/case while it is tried, for whoever finds this process dead."""
    from tests.hostile.cases import Tally, tried
    from tests.hostile.mutations import mutated
    from tests.hostile.targets import BY_NAME

    target, tally, draws = BY_NAME[name], Tally(), random.Random(seed)
    seeds = target.made(folder / "world")
    for raw in seeds:  # so that what is imported late is imported, and memory is compared with that of use
        tried(target, folder / "world", raw)
    begun = time.perf_counter()

    def one(raw: bytes) -> None:
        (folder / "case").write_bytes(raw)
        faulthandler.dump_traceback_later(HANGS, exit=True)
        tally.add(tried(target, folder / "world", raw), raw)
        faulthandler.cancel_dump_traceback_later()
        if tally.counts["cases"] % EVERY == 0 or tally.counts["cases"] == most:
            note(folder, tally, begun)

    if guided:
        import atheris

        def custom(raw: bytes, most: int, seed: int) -> bytes:
            return mutated(raw, seeds, target.forms, random.Random(seed))[:most]

        corpus = folder / "corpus"
        corpus.mkdir()
        for number, raw in enumerate(seeds):
            (corpus / str(number)).write_bytes(raw)
        words = [
            f"-max_total_time={int(seconds)}",
            f"-runs={most}",
            f"-seed={seed or 1}",
            "-rss_limit_mb=0",
            f"-timeout={HANGS}",
        ]
        atheris.Setup([sys.argv[0], str(corpus), *words, "-verbosity=0"], one, custom_mutator=custom)
        atheris.Fuzz()  # ends the process
    while time.perf_counter() - begun < seconds and tally.counts["cases"] < most:
        one(mutated(draws.choice(seeds), seeds, target.forms, draws))
    note(folder, tally, begun)


def main(words: list[str]) -> None:
    faulthandler.enable()
    name, folder, seconds, most, seed, *flags = words
    guided = flags == ["--guided"]
    if guided:
        import atheris

        with atheris.instrument_imports(include=["onward"]):
            import tests.hostile.targets  # noqa: F401
    hunt(name, Path(folder), float(seconds), int(most), int(seed), guided)


if __name__ == "__main__":
    main(sys.argv[1:])
