"""The results of an experiment as files that other tools read."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from onward.experiment.gains import Standing
from onward.experiment.growth import Grown
from onward.experiment.plan import Experiment
from onward.experiment.published import Line
from onward.experiment.results import CellResult, Results
from onward.experiment.switches import Switching
from onward.store import files
from onward.store.card import software

SCHEMA = 1
"""The form of ``results.json``."""


def export(results: Results, experiment: Experiment, folder: Path) -> None:
    """Write ``results.json`` with everything, ``results.csv`` with a line for each cell, and ``matrices.csv``.

    ``matrices.csv`` is the accuracy matrices in long form. Where learning curves were held, ``learning.csv`` is these.
    Updates, experiences and readings are counted from 1.
    """
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(everything(results, experiment), indent=1, ensure_ascii=False, allow_nan=False)
    files.replace(folder / "results.json", text.encode() + b"\n")
    files.replace(folder / "results.csv", as_csv(cell_lines(results)))
    files.replace(folder / "matrices.csv", as_csv(matrix_lines(results)))
    if any(cell.outcome is not None and any(cell.outcome.learning) for cell in results.cells):
        files.replace(folder / "learning.csv", as_csv(learning_lines(results)))


Comparable = Sequence[Standing] | Sequence[Switching] | Sequence[Line] | Sequence[Grown]
"""What came of a comparison: records of one kind."""


def export_comparison(records: Comparable, folder: Path) -> None:
    """Write ``comparison.csv``: a line for each method, or for each start in each cell."""
    folder.mkdir(parents=True, exist_ok=True)
    files.replace(folder / "comparison.csv", as_csv(record_lines(records)))


def everything(results: Results, experiment: Experiment) -> dict[str, Any]:
    """Return everything as JSON: the plan, the software, the summaries, and every cell with its matrices."""
    plan = asdict(experiment)
    plan.pop("data_dir")  # where the data lay decides nothing; its fingerprint is in the stream
    cells = [asdict(cell) | {"measures": measures_of(cell)} for cell in results.cells]
    summaries = [asdict(summary) for summary in results.summaries()]
    return plain({"schema": SCHEMA, "experiment": plan, "software": software(), "summaries": summaries, "cells": cells})


def plain(values: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return JSON with nothing where a number is not defined, as JSON has no NaN; a named tuple keeps its names."""
    if isinstance(values, dict):
        return {name: plain(value) for name, value in values.items()}
    if hasattr(values, "_asdict"):
        return plain(values._asdict())
    if isinstance(values, list | tuple):
        return [plain(value) for value in values]
    return None if isinstance(values, float) and not math.isfinite(values) else values


def measures_of(cell: CellResult) -> dict[str, float]:
    """Return a cell's measures; {} when it failed."""
    return {} if cell.outcome is None else cell.outcome.measures


def cell_lines(results: Results) -> Iterable[Sequence[object]]:
    """Yield a head line and a line for each cell; a measure that is not defined is left empty."""
    names = list(dict.fromkeys(name for cell in results.cells for name in measures_of(cell)))
    yield ["method", "seed", *names, "failure"]
    for cell in results.cells:
        held = plain(measures_of(cell))
        yield [cell.label, cell.seed, *(held.get(name) for name in names), cell.failure]


def matrix_lines(results: Results) -> Iterable[Sequence[object]]:
    """Yield a head line and a line for each number of each accuracy matrix."""
    yield ["method", "seed", "update", "experience", "accuracy"]
    for cell in results.cells:
        for i, row in enumerate(() if cell.outcome is None else cell.outcome.accuracy, start=1):
            yield from ([cell.label, cell.seed, i, j, value] for j, value in enumerate(row, start=1))


def learning_lines(results: Results) -> Iterable[Sequence[object]]:
    """Yield a head line and a line for each reading of each learning curve."""
    yield ["method", "seed", "update", "reading", "loss"]
    for cell in results.cells:
        for i, curve in enumerate(() if cell.outcome is None else cell.outcome.learning, start=1):
            yield from ([cell.label, cell.seed, i, k, value] for k, value in enumerate(curve, start=1))


def record_lines(records: Comparable) -> Iterable[Sequence[object]]:
    """Yield a head line and a line for each record; a field of several numbers is as many columns."""
    lines = [dict(columns(asdict(record))) for record in records]
    yield list(lines[0])
    yield from (list(plain(line).values()) for line in lines)


def columns(values: dict[str, Any]) -> Iterable[tuple[str, object]]:
    """Yield values by name, the parts of a tuple under both names, or counted from 1."""
    for name, value in values.items():
        if isinstance(value, tuple):
            parts = value._asdict() if hasattr(value, "_asdict") else dict(enumerate(value, start=1))
            yield from columns({f"{name}_{part}": number for part, number in parts.items()})
        else:
            yield name, value


def as_csv(lines: Iterable[Sequence[object]]) -> bytes:
    """Return lines as CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(lines)
    return text.getvalue().encode()
