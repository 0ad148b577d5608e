"""A tiny experiment on digits, as a file, and results written down by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tomli_w

from onward.experiment.results import CellResult, Outcome
from onward.record import Cost

STORY: dict[str, Any] = {
    "seeds": 2,
    "stream": {
        "train": "digits:train@classes=0,1,2,3@rows=0:160",
        "test": "digits:test@classes=0,1,2,3@rows=0:80",
        "scenario": "class-incremental",
        "parts": 2,
    },
    "model": {"net": "mlp", "width": 8, "depth": 1},
    "settings": {"epochs": 5, "batch_size": 20},
    "methods": {"warm_start": "warm_start", "replay 20": "replay(size=20)"},
}


def written(folder: Path, **changes: Any) -> Path:
    """The story as a file, with some sections changed; a section that is None is left out."""
    sections = {name: value for name, value in {**STORY, **changes}.items() if value is not None}
    path = folder / "story.toml"
    path.write_text(tomli_w.dumps(sections), encoding="utf-8")
    return path


def outcome(rows: list[list[float]], seconds: float = 1.0, flips: float = 0.1) -> Outcome:
    """What came of a run with this accuracy matrix; each update took 10 samples and 2 steps."""
    t = len(rows)
    return Outcome(
        experiences=tuple(f"part {k + 1}" for k in range(t)),
        arrived=(10,) * t,
        tested=(5,) * t,
        accuracy=tuple(tuple(row) for row in rows),
        negative_flips=tuple((flips,) * k for k in range(t)),
        costs=tuple(Cost(samples=10, steps=2, seconds=seconds, kept_bytes=100 * k) for k in range(t)),
    )


def ran(label: str, seed: int, rows: list[list[float]] | None, **of_outcome: float) -> CellResult:
    """A run with this accuracy matrix; one that failed where there is none."""
    if rows is None:
        return CellResult(label, label, seed, failure="it [went] wrong")
    return CellResult(label, label, seed, outcome(rows, **of_outcome))
