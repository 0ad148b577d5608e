"""The command that advises."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from onward.cli import options, update_options

if TYPE_CHECKING:
    from onward.preflight.advice import Advice, Question
    from onward.release.arrival import Arrival, Ready


def advise(
    reference: options.Reference,
    data: options.Data,
    method: options.MethodText = None,
    settings: options.Overrides = None,
    seed: options.Seed = 0,
    exemplar_free: options.ExemplarFree = False,
    new_classes: update_options.NewClasses = False,
    unlabeled: update_options.Unlabeled = None,
    corrupt: update_options.Corrupt = None,
    duplicates: update_options.Duplicates = None,
    overlap: update_options.Overlap = None,
    workers: update_options.Workers = None,
    lineage: options.LineageFolder = options.DEFAULT_LINEAGE,
    data_dir: options.DataDir = None,
    as_json: options.AsJson = False,
) -> None:
    """Weigh what to do about new data; nothing is trained.

    Do nothing, refit the head, update, or train from scratch: each comes with what it would cost, and the advice with
    what it rests on. Nothing is written.
    """
    from dataclasses import asdict

    from onward.catalogue import parsed
    from onward.cli.show import print_json
    from onward.config import settings_from
    from onward.datasets.reading import Reading
    from onward.preflight.advice import advise as advised
    from onward.release.arrival import Arrival, ready
    from onward.store.lineage import Lineage

    arrival = Arrival(
        source=data,
        method=None if method is None else parsed(method),
        settings=settings_from(settings or []),
        seed=seed,
        data_dir=data_dir,
        care=update_options.answers(unlabeled=unlabeled, corrupt=corrupt, duplicates=duplicates, overlap=overlap),
        workers=Reading.workers if workers is None else workers,
        exemplar_free=exemplar_free,
        new_classes=new_classes,
    )
    going = ready(Lineage(lineage), reference, arrival)
    found = advised(question(going, command_for(reference, arrival, settings or [], lineage)))
    if as_json:
        print_json(asdict(found))
    else:
        advice_lines(found, going.exemplar_free)


def command_for(reference: str, arrival: Arrival, settings: Sequence[str], lineage: Path) -> str:
    """Return what to type for the update that is thought of, without a method."""
    from onward.datasets.reading import Reading

    said = ["onward", "update", reference, "--data", arrival.source]
    for each in settings:
        said += ["--set", each]
    said += ["--seed", str(arrival.seed)] if arrival.seed else []
    for name, answer in arrival.care.items():
        said += [f"--{name}", answer]
    said += ["--exemplar-free"] if arrival.exemplar_free else []
    said += ["--new-classes"] if arrival.new_classes else []
    said += ["--workers", str(arrival.workers)] if arrival.workers != Reading.workers else []
    said += [] if lineage == options.DEFAULT_LINEAGE else ["--lineage", str(lineage)]
    return shlex.join(said)


def question(going: Ready, command: str) -> Question:
    """Return what advice is asked about: the update that is ready, thought of and not made."""
    from onward.preflight.advice import Question
    from onward.store.line import so_far

    past = so_far(going.lineage, going.parent.card)
    return Question(
        before=going.before,
        data=going.data,
        old={test.source: test.data for test in going.tests if test.old},
        facts=going.preflight,
        method=going.method,
        settings=going.arrival.settings,
        command=command,
        seed=going.arrival.seed,
        examples_so_far=past.examples if past is not None and past.known else None,
        exemplar_free=going.exemplar_free,
    )


def advice_lines(found: Advice, exemplar_free: bool) -> None:
    """Print what arrived, the four ways to go on, and the one that is recommended.

    Args:
        found: the advice.
        exemplar_free: whether no example may be kept.
    """
    from onward.cli.show import console, fact, flops, print_table, table
    from onward.preflight.told import lines

    for word, text in lines(found.facts, exemplar_free):
        if word != "shift":  # it stands among the grounds
            fact(word, text)
    for word, text in zip(["rests on", *[""] * len(found.grounds)], found.grounds, strict=False):
        fact(word, text)
    console().print()
    out = table("option", "examples", "FLOPs", "time", "outlook", right=("examples", "FLOPs", "time"))
    for each in found.options:
        known = each.examples is not None and each.flops is not None and each.seconds is not None
        cost = (f"{each.examples:,}", flops(each.flops or 0), f"{each.seconds:.1f} s") if known else ("unknown",) * 3
        out.add_row(each.name, *cost, each.outlook)
    print_table(out)
    console().print()
    fact("advice", f"{found.recommended}: {found.why}", "bold")
    if command := next(each.command for each in found.options if each.name == found.recommended):
        fact("to do so", command)
