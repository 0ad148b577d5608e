"""Commands that read."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from onward.cli.options import DEFAULT_LINEAGE, AsJson, DataDir, LineageFolder, Reference

Source = Annotated[str, typer.Argument(help="mnist:test, a folder of images, an .npz file.")]


def log(reference: Reference, lineage: LineageFolder = DEFAULT_LINEAGE, as_json: AsJson = False) -> None:
    """List a version and its ancestors, the youngest first."""
    from onward.cli.show import console, percent, print_json, table
    from onward.store.lineage import Lineage

    place = Lineage(lineage)
    line, heads = place.history(reference), place.heads.all()
    if as_json:
        print_json([{"id": v.id, "heads": [h for h, id in heads.items() if id == v.id], **asdict(v.card)} for v in line])
        return
    out = table("version", "heads", "made (UTC)", "method", "data", "classes", "accuracy", "gate", right=("classes",))
    for v in line:
        accuracy = " ".join(percent(measure.accuracy) for measure in v.card.measures)
        gate = "" if v.card.verdict is None else "PASS" if v.card.verdict.passed else "FAIL"
        named = ", ".join(head for head, id in heads.items() if id == v.id)
        data = v.card.data.source if v.card.data else "-"
        method = v.card.method if v.card.data else "-"
        row = (v.short, named, v.card.created[:16].replace("T", " "), method, data, str(len(v.card.classes)), accuracy, gate)
        out.add_row(*row)
    console().print(out, markup=False)


def show(reference: Reference, lineage: LineageFolder = DEFAULT_LINEAGE, as_json: AsJson = False) -> None:
    """Show the facts of one version."""
    from onward.cli.show import print_json, version_lines
    from onward.store.lineage import Lineage

    version = Lineage(lineage).version(reference)
    if as_json:
        print_json({"id": version.id, **asdict(version.card)})
    else:
        version_lines(version)


def diff(
    first: Reference,
    second: Annotated[str, typer.Argument(help="The version to compare it with.")],
    lineage: LineageFolder = DEFAULT_LINEAGE,
    as_json: AsJson = False,
) -> None:
    """Show what changed from one version to another: classes, measures, settings, weights."""
    from onward.cli.differences import difference_lines
    from onward.cli.show import print_json
    from onward.store.diff import diff as compared
    from onward.store.lineage import Lineage

    found = compared(Lineage(lineage), first, second)
    if as_json:
        print_json(asdict(found))
    else:
        difference_lines(found)


def evaluate(
    reference: Reference,
    data: Source,
    lineage: LineageFolder = DEFAULT_LINEAGE,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Judge a version on a test set, overall and by class."""
    from onward.cli.show import console, percent, print_json, table
    from onward.datasets.source import read
    from onward.engine.evaluate import judge
    from onward.metrics.flips import class_accuracy
    from onward.store.lineage import Lineage
    from onward.types import present

    place, examples = Lineage(lineage), read(data, data_dir)
    learner = place.load(reference)
    judged = judge(learner, examples)
    known = judged.targets < len(judged.classes)
    each = class_accuracy(judged.predicted[known], judged.targets[known], len(judged.classes))
    by_class = {name: float(share) for name, share in zip(judged.classes, each, strict=True) if share == share}
    strange = [name for name in present(examples) if name not in judged.classes]
    if as_json:
        values = {"version": place.resolve(reference), "data": data, "examples": len(examples)}
        print_json(values | {"accuracy": judged.accuracy, "by_class": by_class, "unknown_classes": strange})
        return
    console().print(f"{percent(judged.accuracy)} % of {len(examples):,} examples right", markup=False)
    out = table("class", "accuracy %", right=("accuracy %",))
    for name, share in by_class.items():
        out.add_row(name, percent(share))
    for name in strange:
        out.add_row(name, "not known")
    console().print(out, markup=False)


def predict(
    reference: Reference,
    data: Source,
    out: Annotated[Path | None, typer.Option(help="Write a CSV file: row, class, probability.")] = None,
    lineage: LineageFolder = DEFAULT_LINEAGE,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Say of each example what it is, and how probable that is."""
    import csv

    from onward.cli.show import console, print_json
    from onward.datasets.source import read
    from onward.engine.check import check_shape
    from onward.store.lineage import Lineage

    learner, examples = Lineage(lineage).load(reference), read(data, data_dir)
    check_shape(examples, learner.model)
    said = learner.predict(examples.inputs)
    sure = said.probabilities.max(dim=1).values.tolist() if len(examples) and said.classes else []
    rows = [{"row": k, "class": name, "probability": p} for k, (name, p) in enumerate(zip(said.names, sure, strict=True))]
    if out is not None:
        with out.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, ["row", "class", "probability"])
            writer.writeheader()
            writer.writerows(rows)
    if as_json:
        print_json(rows)
    elif out is not None:
        console().print(f"{len(rows):,} predictions written to {out}", markup=False)
    else:
        for row in rows:
            console().print(f"{row['row']}\t{row['class']}\t{row['probability']:.3f}", markup=False)


def verify(lineage: LineageFolder = DEFAULT_LINEAGE, as_json: AsJson = False) -> None:
    """Read every byte of every version and hold it against its card. Exit code 1 when something is wrong."""
    from onward.cli.show import console, print_json
    from onward.store.lineage import Lineage
    from onward.store.verify import verify as checked

    health = checked(Lineage(lineage))
    if as_json:
        print_json(asdict(health))
    else:
        for problem in health.problems:
            console().print(problem, markup=False)
        state = "all is as it was written" if not health.problems else f"{len(health.problems)} problems"
        console().print(f"{health.versions} versions, {health.heads} heads: {state}", markup=False)
    if health.problems:
        raise typer.Exit(1)


def methods(
    name: Annotated[str | None, typer.Argument(help="One of them, to be told all of it.")] = None, as_json: AsJson = False
) -> None:
    """List the ways of updating, or tell all of one."""
    import inspect

    from onward import catalogue
    from onward.cli.show import console, print_json, table

    wanted = catalogue.names() if name is None else (name,)
    told = {each: inspect.getdoc(catalogue.method_class(each)) or "" for each in wanted}
    if as_json:
        print_json([{"name": n, "told": t, "fields": [asdict(f) for f in catalogue.fields_of(n)]} for n, t in told.items()])
        return
    if name is not None:
        console().print(f"{name}\n\n{told[name]}", markup=False)
        return
    out = table("method", "fields", "what it does")
    for each, text in told.items():
        given = ", ".join(f"{field.name}={field.default!r}" for field in catalogue.fields_of(each))
        out.add_row(each, given, text.splitlines()[0] if text else "")
    console().print(out, markup=False)
