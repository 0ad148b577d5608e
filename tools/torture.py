"""Torture: updates that are killed, hostile files and a long life, for as long as one likes, and what came of them.

``python tools/torture.py --minutes 30`` divides its time over its parts. A part is a function of seconds and a seed
that yields rows of figures; a new one is an entry in ``PARTS``. It ends with 1 where something broke.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / folder) for folder in ("src", ".")]

from benchmarks.soak import soak  # noqa: E402 - found by the line above
from tests.hostile.hunting import Row, hunting  # noqa: E402 - likewise
from tests.hostile.targets import BY_NAME  # noqa: E402 - likewise
from tests.killed.killing import killing  # noqa: E402 - likewise

Part = Callable[[float, int], Iterator[Row]]


def soaking(seconds: float, seed: int) -> Iterator[Row]:
    """Take one lineage through update after update for about so long, and yield what grew with each."""
    began = time.perf_counter()
    soak(10, seed)
    soaked = soak(max(20, min(200, int(5 * seconds / (time.perf_counter() - began)))), seed)
    grows = {name: soaked.slope(name) for name in ("tensors", "files", "kept")}
    wrong = [*soaked.problems, *(f"{name} grew by {by:.1f} with each" for name, by in grows.items() if by > 0)]
    yield {
        "updates": len(soaked.held),
        "versions": soaked.versions,
        "resident memory, KB with each": f"{soaked.slope('resident') / 1e3:.1f}",
        "milliseconds, first quarter": round(1e3 * soaked.quarter(last=False)),
        "last quarter": round(1e3 * soaked.quarter(last=True)),
        "broken": len(wrong),
        "wrong": wrong,
    }


PARTS: dict[str, Part] = {"kills": killing, "fuzz": hunting, "soak": soaking}
"""What is tortured, by the word of ``--only``."""

WRONG = ("broken", "outside")
"""Columns in which nothing but 0 may stand."""


def main() -> int:
    """Run the parts, print their tables, and say whether all held."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--minutes", type=float, default=30.0, help="in all (30)")
    asked.add_argument("--seed", type=int, default=0, help="of every draw (0)")
    asked.add_argument("--only", choices=PARTS, help="one part alone, for all of the time")
    asked.add_argument("--target", action="append", default=[], help="fuzz: this place alone; may be repeated")
    asked.add_argument("--cases", type=int, default=10**9, help="fuzz: leave a place after so many")
    asked.add_argument("--kills", type=int, default=10**9, help="kills: end after so many")
    words = asked.parse_args()
    if words.target and words.only != "fuzz":
        asked.error("--target is for --only fuzz")
    if strange := [each for each in words.target if each not in BY_NAME]:
        asked.error(f"there is no place {strange[0]!r}; there are: {', '.join(BY_NAME)}")
    fuzz = partial(hunting, only=words.target, most=words.cases)
    every = {**PARTS, "fuzz": fuzz, "kills": partial(killing, most=words.kills)}
    parts = {words.only: every[words.only]} if words.only else every
    broken = False
    for name, part in parts.items():
        seconds, begun, rows = 60 * words.minutes / len(parts), time.perf_counter(), []
        print(f"{name}: {seconds:.0f} seconds, seed {words.seed}", flush=True)
        for row in part(seconds, words.seed):
            rows.append(row)
            print(line(row, first=len(rows) == 1), flush=True)
        broken |= any(row.get(each) for row in rows for each in WRONG)
        print(f"{name}: {len(rows)} rows, {time.perf_counter() - begun:.0f} seconds\n")
    return int(broken)


def line(row: Row, first: bool) -> str:
    """Return a row of a table in Markdown, under its heads where it is the first; what is wrong follows it."""
    told = {head: value for head, value in row.items() if head != "wrong"}
    cells = [f"{value:,}" if isinstance(value, int) else str(value) for value in told.values()]
    heads = [f"| {' | '.join(told)} |", f"|{'|'.join('---' if i == 0 else '--:' for i in range(len(told)))}|"]
    wrong = row.get("wrong")
    return "\n".join(
        [*(heads if first else []), f"| {' | '.join(cells)} |", *(wrong if isinstance(wrong, list) else [])]
    )


if __name__ == "__main__":
    sys.exit(main())
