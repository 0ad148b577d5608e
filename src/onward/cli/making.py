"""Commands that make versions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import typer

from onward.cli import options

if TYPE_CHECKING:
    from onward.release.arrival import Ready

MADE_NOT_PROMOTED = 3


def init(
    head: options.NewHead,
    model: options.Model,
    weights: options.Weights = None,
    classes: options.Classes = "",
    shape: options.Shape = "",
    test: options.Tests = None,
    head_layer: options.HeadLayer = "",
    mean: options.Mean = "",
    std: options.Std = "",
    seed: options.Seed = 0,
    note: options.Note = "",
    lineage: options.LineageFolder = options.DEFAULT_LINEAGE,
    data_dir: options.DataDir = None,
) -> None:
    """Begin a lineage with a model of yours or of ours.

    Yours comes with its class names, and with weights if it is trained. Ours knows no class until the first update.
    """
    from onward.cli.models import Brought, classifier
    from onward.cli.show import console
    from onward.cli.versions import version_lines
    from onward.release.beginning import begin
    from onward.release.held_out import examined
    from onward.store.heads import allow
    from onward.store.lineage import Lineage

    tests = tuple(test or ())
    brought = Brought(model, weights, classes, shape, head_layer, mean, std, seed)
    made = classifier(brought, tests, data_dir)
    allow(head)
    for source in tests:
        examined(source, made, data_dir)  # before a folder is made in vain
    version = begin(Lineage.create(lineage), head, made, tests, data_dir, note)
    console().print(f"version {version.short} is head of {head}")
    version_lines(version)


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
    note: options.Note = "",
    lineage: options.LineageFolder = options.DEFAULT_LINEAGE,
    data_dir: options.DataDir = None,
    quiet: options.Quiet = False,
    as_json: options.AsJson = False,
) -> None:
    """Make the next version from the one in use and new data.

    It becomes head if the gate lets it; the gate's rules are in lineage.toml, in the lineage's folder. Exit code 3: it
    was made and is kept, but broke a rule and was not promoted.
    """
    from onward.catalogue import parsed
    from onward.cli.progress import watched
    from onward.cli.show import print_json
    from onward.cli.updates import preflight_lines, release_lines, release_values
    from onward.config import settings_from
    from onward.release.arrival import Arrival, ready
    from onward.release.making import release
    from onward.store.lineage import Lineage

    given = [*(settings or []), *([f"epochs={epochs}"] if epochs is not None else [])]
    chosen = replace(settings_from(given), steps=steps) if steps is not None else settings_from(given)
    way = None if method is None else parsed(method)
    arrival = Arrival(data, tuple(test or ()), way, chosen, seed, data_dir, note)
    place = Lineage(lineage)
    going = ready(place, reference, arrival)
    if not quiet and not as_json:
        preflight_lines(going)
    if chosen.steps == 0:
        plan(going, as_json)
        return
    head = None if no_promote else promote_to or (reference if reference in place.heads.all() else None)
    with watched(quiet or as_json) as observe:
        done = release(going, head, observe)
    if as_json:
        print_json(release_values(done))
    else:
        release_lines(done, head)
    if head is not None and not done.promoted:
        raise typer.Exit(MADE_NOT_PROMOTED)


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
