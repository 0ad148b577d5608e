"""Commands that read."""

from __future__ import annotations

from dataclasses import asdict

import typer

from onward.cli import options, update_options


def log(
    reference: options.Reference,
    lineage: options.LineageFolder = options.DEFAULT_LINEAGE,
    as_json: options.AsJson = False,
) -> None:
    """List a version and its ancestors, the youngest first."""
    from onward.cli.show import print_json
    from onward.cli.versions import log_lines
    from onward.store.lineage import Lineage

    place = Lineage(lineage)
    line, heads = place.history(reference), place.heads.all()
    if as_json:
        named = {v.id: [head for head, id in heads.items() if id == v.id] for v in line}
        print_json([{"id": v.id, "heads": named[v.id], **asdict(v.card)} for v in line])
    else:
        log_lines(line, heads)


def show(
    reference: options.Reference,
    lineage: options.LineageFolder = options.DEFAULT_LINEAGE,
    as_json: options.AsJson = False,
) -> None:
    """Show the facts of one version; all of its card with --json."""
    from onward.cli.show import print_json
    from onward.cli.versions import version_lines
    from onward.store.lineage import Lineage

    version = Lineage(lineage).version(reference)
    if as_json:
        print_json({"id": version.id, **asdict(version.card)})
    else:
        version_lines(version)


def diff(
    first: options.Reference,
    second: options.Second,
    lineage: options.LineageFolder = options.DEFAULT_LINEAGE,
    as_json: options.AsJson = False,
) -> None:
    """Show what changed from one version to another.

    Classes, accuracies, method, settings, data, cost, and how far each group of weights moved.
    """
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
    reference: options.Reference,
    data: options.Source,
    unlabeled: update_options.Unlabeled = None,
    corrupt: update_options.Corrupt = None,
    lineage: options.LineageFolder = options.DEFAULT_LINEAGE,
    data_dir: options.DataDir = None,
    as_json: options.AsJson = False,
) -> None:
    """Judge a version on a test set, overall and by class."""
    from onward.cli.judgements import judgement_lines, judgement_values, left_out_lines
    from onward.cli.show import print_json
    from onward.datasets.source import taken
    from onward.engine.check import check_shape
    from onward.engine.evaluate import judge
    from onward.release.inputs import reading_for
    from onward.store.lineage import Lineage

    place = Lineage(lineage)
    version = place.version(reference)
    learner = place.load(version.id)
    said = update_options.answers(unlabeled=unlabeled, corrupt=corrupt)
    came = taken(data, data_dir, reading_for(place, version, learner.model, said))
    check_shape(came.data, learner.model)
    judged = judgement_values(judge(learner, came.data), came.data)
    left_out = {"unlabeled": len(came.unlabeled), "corrupt": len(came.corrupt)}
    values = {"version": version.id, "data": data, **judged, **left_out}
    if as_json:
        print_json(values)
    else:
        judgement_lines(values)
        left_out_lines(came)


def predict(
    reference: options.Reference,
    data: options.Source,
    out: options.Csv = None,
    corrupt: update_options.Corrupt = None,
    lineage: options.LineageFolder = options.DEFAULT_LINEAGE,
    data_dir: options.DataDir = None,
    as_json: options.AsJson = False,
) -> None:
    """Say of each example what it is, and how probable that is. They need no class."""
    from onward.cli.judgements import left_out_lines, prediction_lines, predictions, write_csv
    from onward.cli.show import console, print_json
    from onward.datasets.source import taken
    from onward.errors import counted
    from onward.release.inputs import reading_for
    from onward.store.lineage import Lineage

    place = Lineage(lineage)
    version = place.version(reference)
    learner = place.load(version.id)
    said = update_options.answers(corrupt=corrupt)
    came = taken(data, data_dir, reading_for(place, version, learner.model, said, labels=False))
    rows = predictions(learner, came)
    if out is not None:
        write_csv(out, rows)
    if as_json:
        print_json(rows)
        return
    if out is not None:
        console().print(f"{counted(len(rows), 'prediction')} written to {out}")
    else:
        prediction_lines(rows)
    left_out_lines(came)


def verify(lineage: options.LineageFolder = options.DEFAULT_LINEAGE, as_json: options.AsJson = False) -> None:
    """Read every byte of every version and hold it against its card.

    Exit code 1 when something is not as it was written.
    """
    from onward.cli.show import console, print_json
    from onward.errors import counted
    from onward.store.lineage import Lineage
    from onward.store.verify import verify as checked

    health = checked(Lineage(lineage))
    if as_json:
        print_json(asdict(health))
    else:
        for problem in health.problems:
            console().print(problem)
        state = counted(len(health.problems), "problem") if health.problems else "all is as it was written"
        stripped = f" ({health.stripped} stripped)" if health.stripped else ""
        console().print(f"{counted(health.versions, 'version')}{stripped}, {counted(health.heads, 'head')}: {state}")
    if health.problems:
        raise typer.Exit(1)
