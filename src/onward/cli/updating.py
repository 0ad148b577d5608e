"""The command that makes the next version."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import typer

from onward.cli import options, update_options

if TYPE_CHECKING:
    from onward.release.arrival import Ready
    from onward.release.making import Release

MADE_NOT_PROMOTED = 3


def update(
    reference: options.Reference,
    data: options.Data,
    method: options.MethodText = None,
    test: options.Tests = None,
    settings: options.Overrides = None,
    epochs: options.Epochs = None,
    steps: options.Steps = None,
    seed: options.Seed = 0,
    promote_to: options.PromoteTo = None,
    no_promote: options.NoPromote = False,
    exemplar_free: options.ExemplarFree = False,
    new_classes: update_options.NewClasses = False,
    unlabeled: update_options.Unlabeled = None,
    corrupt: update_options.Corrupt = None,
    duplicates: update_options.Duplicates = None,
    overlap: update_options.Overlap = None,
    workers: update_options.Workers = None,
    note: options.Note = "",
    lineage: options.LineageFolder = options.DEFAULT_LINEAGE,
    data_dir: options.DataDir = None,
    quiet: options.Quiet = False,
    as_json: options.AsJson = False,
) -> None:
    """Make the next version from the one in use and new data.

    It becomes head if the gate lets it. The gate's rules, and what is done about data that is not as it should be, are
    in lineage.toml, in the lineage's folder. Exit code 3: it was made and is kept, but broke a rule and was not
    promoted.
    """
    from onward.catalogue import parsed
    from onward.cli.deciding import head_to_move
    from onward.cli.progress import watched
    from onward.cli.updates import preflight_lines
    from onward.config import settings_from
    from onward.datasets.reading import Reading
    from onward.release.arrival import Arrival, ready
    from onward.release.making import release
    from onward.store.lineage import Lineage

    given = [*(settings or []), *([f"epochs={epochs}"] if epochs is not None else [])]
    chosen = replace(settings_from(given), steps=steps) if steps is not None else settings_from(given)
    arrival = Arrival(
        source=data,
        tests=tuple(test or ()),
        method=None if method is None else parsed(method),
        settings=chosen,
        seed=seed,
        data_dir=data_dir,
        note=note,
        care=update_options.answers(unlabeled=unlabeled, corrupt=corrupt, duplicates=duplicates, overlap=overlap),
        workers=Reading.workers if workers is None else workers,
        exemplar_free=exemplar_free,
        new_classes=new_classes,
    )
    place = Lineage(lineage)
    going = ready(place, reference, arrival)
    if not quiet and not as_json:
        preflight_lines(going)
    if chosen.steps == 0:
        plan(going, as_json)
        return
    head = head_to_move(place, reference, promote_to, no_promote)
    with watched(quiet or as_json) as observe:
        done = release(going, head, observe)
    tell(done, head, as_json)
    if head is not None and not done.promoted:
        raise typer.Exit(MADE_NOT_PROMOTED)


def tell(done: Release, head: str | None, as_json: bool) -> None:
    """Print what came of an update."""
    from onward.cli.show import print_json
    from onward.cli.updates import release_lines, release_values

    if as_json:
        print_json(release_values(done))
    else:
        release_lines(done, head)


def plan(going: Ready, as_json: bool) -> None:
    """Print what an update would do; nothing is trained and nothing is written."""
    from dataclasses import asdict

    from onward.cli.show import print_json
    from onward.cli.updates import dropped, method_of, plan_lines
    from onward.engine.update import planned

    arrival = going.arrival
    phases = planned(going.before, going.data, arrival.settings, arrival.seed, method=going.method)
    if as_json:
        values = {"method": method_of(going), "dropped": dropped(going), "phases": [asdict(phase) for phase in phases]}
        print_json(values)
    else:
        plan_lines(phases)
