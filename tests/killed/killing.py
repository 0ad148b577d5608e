"""Killing updates as a part of ``tools/torture.py``: in a process of its own, for as long as one likes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]

Row = dict[str, object]


def killing(seconds: float, seed: int, most: int = 10**9) -> Iterator[Row]:
    """Kill updates for so long, and yield the figures of each world that they were in.

    Args:
        seconds: in all.
        seed: of the draws.
        most: kills, after which it ends before its time.
    """
    found = sorted(killed(seconds, seed, most), key=lambda each: each["kind"])
    for kind, group in groupby(found, key=lambda each: each["kind"]):
        outcomes = list(group)
        wrong = [each for each in outcomes if each["wrong"]]
        yield {
            "world": kind,
            "updates": len(outcomes),
            "methods and chains": len({each["name"] for each in outcomes}),
            "kills": sum(each["kills"] for each in outcomes),
            "went on from an entry": sum(each["resumed"] for each in outcomes),
            "broken": len(wrong),
            "wrong": [f"{each['name']}: {'; '.join(each['wrong'])}" for each in wrong],
        }


def killed(seconds: float, seed: int, most: int) -> list[dict[str, Any]]:
    """Return what became of each update.

    Raises:
        RuntimeError: when the process that kills ended by itself.
    """
    with tempfile.TemporaryDirectory() as folder:
        words = ["--seconds", str(seconds), "--kills", str(most), "--seed", str(seed)]
        ended = subprocess.run(
            [sys.executable, "-m", "tests.killed.updates", folder, *words],
            env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}", "OMP_NUM_THREADS": "1"},
            cwd=folder,
            capture_output=True,
            text=True,
        )
    sys.stderr.write(ended.stderr)  # of a process that ended with an error of its own
    if ended.returncode:
        raise RuntimeError(f"the process that kills ended with {ended.returncode}: {ended.stderr[-2000:]}")
    return json.loads(ended.stdout)
