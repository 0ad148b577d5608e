"""What a version says of examples, for a terminal and for a file."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from onward.cli.show import console, percent, print_table, table
from onward.engine.check import check_shape
from onward.engine.evaluate import Judgement
from onward.errors import InputError, counted, listed
from onward.learner import Learner
from onward.types import Data, in_order

if TYPE_CHECKING:
    from onward.datasets.raw import Taken

COLUMNS = ("row", "class", "probability", "file")
"""Of a prediction: the example's place among all that lie there, its most probable class, how probable that is, and its
file where it has one of its own."""


def judgement_values(judged: Judgement, examples: Data) -> dict[str, Any]:
    """Return accuracy overall and by class, as JSON; a class that the version does not know has none."""
    right, targets, many = judged.right, examples.targets.cpu().numpy(), len(examples.classes)
    unknown = set(targets[judged.targets == len(judged.classes)].tolist())
    counts, hits = np.bincount(targets, minlength=many), np.bincount(targets, weights=right, minlength=many)
    by_class = {
        name: {"examples": int(count), "accuracy": None if k in unknown else float(hit / count)}
        for k, (name, count, hit) in enumerate(zip(examples.classes, counts, hits, strict=True))
        if count
    }
    return {"examples": len(examples), "accuracy": judged.accuracy, "by_class": by_class}


def judgement_lines(values: Mapping[str, Any]) -> None:
    """Print accuracy overall and by class."""
    right, of = percent(values["accuracy"]), counted(values["examples"], "example")
    console().print(f"{values['version'][:8]} on {values['data']}: {right} % of {of} right")
    out = table("class", "examples", "accuracy %", right=("examples", "accuracy %"))
    for name, each in values["by_class"].items():
        told = "not known" if each["accuracy"] is None else percent(each["accuracy"])
        out.add_row(name, f"{each['examples']:,}", told)
    print_table(out)


def left_out_lines(came: Taken) -> None:
    """Print which files or rows were left out, where some were."""
    for kind, names in (("unlabeled", came.unlabeled), ("corrupt", came.corrupt)):
        if names:
            console().print(f"left out: {len(names):,} {kind} ({listed(names, most=3)})")


def predictions(learner: Learner, came: Taken) -> list[dict[str, Any]]:
    """Return what a version says of each example, by ``COLUMNS``; without files where these have none.

    Raises:
        InputError: when it knows no class, or cannot take such examples.
    """
    if not learner.classes:
        raise InputError("the learner knows no class yet; update it first")
    check_shape(came.data, learner.model)
    said = [learner.predict(batch.inputs) for batch in in_order(came.data)]
    told = {
        "row": range(len(came.data)) if came.rows is None else came.rows.tolist(),
        "class": [name for each in said for name in each.names],
        "probability": [round(sure, 6) for each in said for sure in each.probabilities.max(dim=1).values.tolist()],
        "file": came.files,
    }
    there = [column for column in COLUMNS if told[column]]
    return [dict(zip(there, each, strict=True)) for each in zip(*(told[column] for column in there), strict=True)]


def prediction_lines(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print predictions below one another."""
    wide = max(len("class"), *(len(each["class"]) for each in rows))
    lines = [
        f"{each['row']:>6}  {each['class']:<{wide}}  {each['probability']:>11.3f}  {each.get('file', '')}".rstrip()
        for each in rows
    ]
    file = "  file" if "file" in rows[0] else ""
    console().print(f"{'row':>6}  {'class':<{wide}}  probability{file}", style="bold")
    console().print("\n".join(lines))


def write_csv(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write predictions to a file.

    Raises:
        InputError: when it cannot be written there.
    """
    try:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, [*rows[0]])
            writer.writeheader()
            writer.writerows(rows)
    except OSError as error:
        raise InputError(f"cannot write {path} ({error.strerror}); give --out another path") from error
