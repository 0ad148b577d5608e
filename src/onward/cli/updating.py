"""The command that makes the next version."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import typer

from onward.cli import options, update_options

if TYPE_CHECKING:
    from onward.release.arrival import Arrival, Ready
    from onward.release.making import Release
    from onward.store.lineage import Lineage

MADE_NOT_PROMOTED = 3


def update(
    context: typer.Context,
    reference: options.Reference,
    data: update_options.Arrived = None,
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
    resume: update_options.Resume = None,
    every: update_options.Every = update_options.SECONDS,
    lineage: options.LineageFolder = options.DEFAULT_LINEAGE,
    data_dir: options.DataDir = None,
    quiet: options.Quiet = False,
    as_json: options.AsJson = False,
) -> None:
    """Make the next version from the one in use and new data.

    It becomes head if the gate lets it. The gate's rules, and what is done about data that is not as it should be, are
    in lineage.toml, in the lineage's folder. Stopped or killed, it goes on with --resume. Exit code 3: it was made and
    is kept, but broke a rule and was not promoted.
    """
    from onward.catalogue import parsed
    from onward.cli.deciding import head_to_move
    from onward.cli.resuming import asked_before
    from onward.config import settings_from
    from onward.datasets.reading import Reading
    from onward.release.arrival import Arrival
    from onward.store.lineage import Lineage

    place = Lineage(lineage)
    if data is None:
        arrival, head = asked_before(place, reference, resume, context)
    else:
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
        head = head_to_move(place, reference, promote_to, no_promote)
    carry_out(place, reference, arrival, head, Ways(resume, every, quiet, as_json))


class Ways(NamedTuple):
    """How an update is made and told, beside what it is: see the options of these names."""

    resume: bool | None = None
    every: float = update_options.SECONDS
    quiet: bool = False
    as_json: bool = False


def carry_out(place: Lineage, reference: str, arrival: Arrival, head: str | None, ways: Ways) -> None:
    """Make the next version and print what came of it.

    Args:
        place: the lineage.
        reference: the version in use.
        arrival: what is to be done.
        head: that is to name the new version; None moves none.
        ways: how.

    Raises:
        typer.Exit: when the version was made and not promoted, or a signal came.
    """
    from onward.cli.updates import preflight_lines
    from onward.release.arrival import ready

    going = ready(place, reference, arrival)
    if not ways.quiet and not ways.as_json:
        preflight_lines(going)
    if arrival.settings.steps == 0:
        plan(going, ways.as_json)
        return
    done = made(going, head, ways, reference)
    tell(done, head, ways.as_json)
    if head is not None and not done.promoted:
        raise typer.Exit(MADE_NOT_PROMOTED)


def made(going: Ready, head: str | None, ways: Ways, reference: str) -> Release:
    """Make the next version, with its journal, and leave where a signal asks for it."""
    from onward.cli.progress import watched
    from onward.cli.resuming import begin_or_go_on, way_on
    from onward.cli.stopping import stoppable
    from onward.release.cut import journal_of
    from onward.release.making import release

    quiet, on = ways.quiet or ways.as_json, way_on(reference, going.lineage.path)
    begin_or_go_on(going, ways.resume, quiet)
    if not ways.every:
        with stoppable(None, on), watched(quiet) as observe:
            return release(going, head, observe)
    with journal_of(going, head, ways.every) as journal, stoppable(journal, on), watched(quiet) as observe:
        return release(going, head, observe, journal)


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
