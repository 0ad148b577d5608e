"""What a version says of examples, for a terminal and for a file."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from onward.cli.show import console, percent, print_table, table
from onward.engine.check import check_shape
from onward.engine.evaluate import Judgement
from onward.errors import InputError, counted
from onward.learner import Learner
from onward.types import Data, in_order

COLUMNS = ("row", "class", "probability")
"""Of a prediction: the example's place in the source, its most probable class, and how probable that is."""


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


def predictions(learner: Learner, examples: Data) -> list[dict[str, Any]]:
    """Return what a version says of each example, by ``COLUMNS``.

    Raises:
        InputError: when it knows no class, or cannot take such examples.
    """
    if not learner.classes:
        raise InputError("the learner knows no class yet; update it first")
    check_shape(examples, learner.model)
    said = [learner.predict(batch.inputs) for batch in in_order(examples)]
    names = chain.from_iterable(each.names for each in said)
    sure = chain.from_iterable(each.probabilities.max(dim=1).values.tolist() for each in said)
    told = zip(range(len(examples)), names, (round(share, 6) for share in sure), strict=True)
    return [dict(zip(COLUMNS, each, strict=True)) for each in told]


def prediction_lines(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print predictions below one another."""
    wide = max(len("class"), *(len(each["class"]) for each in rows))
    lines = [f"{each['row']:>6}  {each['class']:<{wide}}  {each['probability']:>11.3f}" for each in rows]
    console().print(f"{'row':>6}  {'class':<{wide}}  probability", style="bold")
    console().print("\n".join(lines))


def write_csv(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write predictions to a file.

    Raises:
        InputError: when it cannot be written there.
    """
    try:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(rows)
    except OSError as error:
        raise InputError(f"cannot write {path} ({error.strerror}); give --out another path") from error
