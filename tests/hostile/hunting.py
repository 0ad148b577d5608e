"""The hunt as a part of ``tools/torture.py``: each target by a process of its own, for a share of the time."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.hostile.targets import TARGETS

ROOT = Path(__file__).parents[2]
FIGURES = ("cases", "refused", "valid", "broken", "outside")
LEAST = 4.0
"""Seconds below which a process is not worth its start."""

GRACE = 120.0
"""Seconds that a process may go on after its time before it is ended: to start, and to finish a case."""

GUIDED = 1 / 3
"""The share of the time in which cases are led by what they reach, where atheris is there."""

MOST_TOLD = 20_000
"""Digits of a case that are printed: its bytes in hex."""

Row = dict[str, object]
"""What a part tells of one thing it did, by the head of the column."""


def hunting(seconds: float, seed: int, only: Sequence[str] = (), most: int = 10**9) -> Iterator[Row]:
    """Hunt in every target, and yield its figures.

    Args:
        seconds: in all.
        seed: of the draws.
        only: names of targets; () is all of them.
        most: cases in a target, after which it is left before its time.
    """
    known = importlib.util.find_spec("atheris") is not None
    if not known:
        sys.stderr.write(
            "atheris is not installed: cases are drawn from valid files, and not led by what they reach. "
            "Install it with: pip install atheris\n"
        )
    wanted = [target.name for target in TARGETS if not only or target.name in only]
    for name in wanted:
        share = seconds / len(wanted)
        plain, guided = (share * (1 - GUIDED), share * GUIDED) if known and share * GUIDED > LEAST else (share, 0.0)
        found: Counter[str] = Counter()
        breaches: list[str] = []
        for time, way in ((plain, False), (guided, True)):
            if time:
                share_of_cases = round(most * time / share)
                figures, dead = hunted(name, (str(time), str(share_of_cases), str(seed)), way, time + GRACE)
                found.update({key: value for key, value in figures.items() if isinstance(value, int | float)})
                breaches += [
                    *(f"{name} of {raw[:MOST_TOLD]}" for name, raw in figures.get("breaches", {}).items()),
                    *dead,
                ]
        found["broken"] += sum("died" in each for each in breaches)
        row: Row = {"target": name, **{each: int(found[each]) for each in FIGURES}, "seconds": round(found["seconds"])}
        yield {**row, "wrong": breaches}


def hunted(name: str, words: Sequence[str], guided: bool, limit: float) -> tuple[dict, list[str]]:
    """Return the figures of one process, and a sentence if it died."""
    memory = Path("/dev/shm")  # files there cost no disk, and a case is a file or two
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        every = [name, folder, *words, *(["--guided"] if guided else [])]
        try:
            ended = subprocess.run(
                [sys.executable, "-P", "-m", "tests.hostile.hunt", *every],
                env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}", "OMP_NUM_THREADS": "1"},
                cwd=folder, capture_output=True, text=True, errors="replace", timeout=limit,
            )  # fmt: skip
            code, said = ended.returncode, ended.stderr[-2000:]
        except subprocess.TimeoutExpired:
            code, said = "no end", ""
        note, case = Path(folder) / "figures.json", Path(folder) / "case"
        figures = json.loads(note.read_text()) if note.exists() else {}
        held = case.read_bytes().hex()[:MOST_TOLD] if case.exists() else ""
        return figures, [] if code == 0 else [f"died ({code}) of {held}: {said}"]
