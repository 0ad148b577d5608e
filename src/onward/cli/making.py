"""Commands that make versions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from onward.cli.options import DEFAULT_LINEAGE, AsJson, DataDir, LineageFolder, Note, Quiet, Reference, Tests

if TYPE_CHECKING:
    from onward.nets.classifier import Classifier
    from onward.release import Ready

MADE_NOT_PROMOTED = 3


def init(
    head: Annotated[str, typer.Argument(help="The name of the head that will name the version in use.")],
    model: Annotated[str, typer.Option(help="One of ours: mlp(width=256), cnn, resnet18(width=20); or package.module:factory.")],
    weights: Annotated[Path | None, typer.Option(help="A state dict: .safetensors, or .pt with tensors alone.")] = None,
    classes: Annotated[str, typer.Option(help="A file with a class name a line, or names with commas between.")] = "",
    shape: Annotated[str, typer.Option(help="Of one input, like 1,28,28; else read off the first --test.")] = "",
    test: Tests = None,
    head_layer: Annotated[str, typer.Option(help="Dotted name of the last linear layer, where it is not the last one.")] = "",
    mean: Annotated[str, typer.Option(help="Of the inputs by channel, after bytes were brought to [0, 1].")] = "",
    std: Annotated[str, typer.Option(help="By channel.")] = "",
    seed: Annotated[int, typer.Option(help="Of a new model's weights.")] = 0,
    note: Note = "",
    lineage: LineageFolder = DEFAULT_LINEAGE,
    data_dir: DataDir = None,
) -> None:
    """Begin a lineage with a model that you bring, or with a new one that the first update trains."""
    from onward import release
    from onward.cli.models import Brought, classifier
    from onward.cli.show import console, version_lines
    from onward.store.lineage import Lineage

    tests = tuple(test or ())
    brought = Brought(model, weights, classes, shape, head_layer, mean, std, seed)
    made = classifier(brought, tests, data_dir)
    version = release.begin(Lineage.create(lineage), head, made, tests, data_dir, note)
    console().print(f"version {version.short} is head of {head}", markup=False)
    version_lines(version)


def update(
    reference: Reference,
    data: Annotated[str, typer.Option(help="What arrived: mnist:train@rows=0:500, a folder of images, an .npz file.")],
    method: Annotated[str | None, typer.Option(help="Like: lwf | replay(size=500); else the parent's.")] = None,
    test: Tests = None,
    settings: Annotated[list[str] | None, typer.Option("--set", help="A setting, key=value; see `onward methods`.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the new data.")] = None,
    steps: Annotated[int | None, typer.Option(help="At most so many steps a phase; 0 shows the plan and trains nothing.")] = None,
    seed: Annotated[int, typer.Option(help="Of every random stream.")] = 0,
    promote_to: Annotated[str | None, typer.Option("--as", help="The head to promote to; else the one that was named.")] = None,
    no_promote: Annotated[bool, typer.Option("--no-promote", help="Keep the version and leave the head.")] = False,
    note: Note = "",
    lineage: LineageFolder = DEFAULT_LINEAGE,
    data_dir: DataDir = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Make the next version from the version in use and new data; it becomes head if the gate lets it.

    Exit code 3: it was made and is kept, but broke a rule and was not promoted.
    """
    from onward import release
    from onward.catalogue import parsed
    from onward.cli.progress import watched
    from onward.cli.show import preflight_line, print_json, release_lines, release_values
    from onward.config import settings_from
    from onward.store.lineage import Lineage

    given = [*(settings or []), *([f"epochs={epochs}"] if epochs is not None else [])]
    chosen = replace(settings_from(given), steps=steps) if steps is not None else settings_from(given)
    way = None if method is None else parsed(method)
    arrival = release.Arrival(data, tuple(test or ()), way, chosen, seed, data_dir, note)
    place = Lineage(lineage)
    going = release.ready(place, reference, arrival)
    if not quiet and not as_json:
        preflight_line(going)
    if steps == 0:
        plan(going, as_json)
        return
    head = None if no_promote else promote_to or (reference if reference in place.heads.all() else None)
    with watched(quiet or as_json) as observe:
        done = release.release(going, head, observe)
    if as_json:
        print_json(release_values(done))
    else:
        release_lines(done, head)
    if head is not None and not done.promoted:
        raise typer.Exit(MADE_NOT_PROMOTED)


def plan(going: Ready, as_json: bool) -> None:
    """Print what an update would do; nothing is trained and nothing is written."""
    from dataclasses import asdict

    from onward.cli.show import plan_table, print_json
    from onward.engine.update import planned

    arrival = going.arrival
    phases = planned(going.before, going.data, arrival.settings, arrival.seed, method=arrival.method)
    if as_json:
        print_json({"phases": [asdict(phase) for phase in phases]})
    else:
        plan_table(phases)
