"""The command that writes a version for serving."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from onward.cli import options

if TYPE_CHECKING:
    from onward.export.growth import Growth
    from onward.export.parity import Parity

Target = Annotated[Path, typer.Option("--to", metavar="FOLDER", help="Where to; it must not be there.")]
FormatName = Annotated[
    str, typer.Option("--format", metavar="FORMAT", help="safetensors, torchscript, torch-export or onnx.")
]
OwnNames = Annotated[
    bool, typer.Option("--own-names", help="Tensors under the names of your own network, for a model you brought.")
]
PartName = Annotated[
    str,
    typer.Option(
        "--part",
        metavar="PART",
        help="Of a network that has grown: full, or source for what it was before, with the classes it had.",
    ),
]
Inputs = Annotated[
    str | None,
    typer.Option(
        "--inputs",
        metavar="SOURCE",
        help="Examples to check with.",
        show_default="the first test set that can be read, or made-up ones",
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Replace an export that is there.")]


def export(
    reference: options.Reference,
    to: Target,
    format: FormatName,
    part: PartName = "full",
    own_names: OwnNames = False,
    inputs: Inputs = None,
    force: Force = False,
    lineage: options.LineageFolder = options.DEFAULT_LINEAGE,
    data_dir: options.DataDir = None,
    as_json: options.AsJson = False,
) -> None:
    """Write a version for other runtimes, checked against itself.

    A folder with the network, config.json and the model card. The network takes inputs as they are stored and gives
    logits: normalisation is inside.
    """
    from dataclasses import asdict

    from onward.cli.show import console, print_json, size
    from onward.export.exported import exported
    from onward.export.growth import part_named
    from onward.export.probe import Probe
    from onward.export.served import Contents
    from onward.store.lineage import Lineage

    done = exported(
        Lineage(lineage), reference, to, format, Contents(part_named(part), own_names), force, Probe(inputs, data_dir)
    )
    if as_json:
        print_json(asdict(done))
    else:
        of = "the source within " if done.part == "source" else ""
        what = f"{of}version {done.version[:8]} written to {to} as {format}, {size(done.bytes)}"
        console().print(f"{what}: {parity_told(done.parity)}")
        if done.growth is not None:
            growth_table(done.growth)


def growth_table(growth: Growth) -> None:
    """Print what a network takes, and took before it grew."""
    from onward.cli.show import print_table, size, table

    right = ("parameters", "size", "ms a prediction")
    rows = table("", *right, right=right)
    for name, each in {f"before, {growth.version[:8]}": growth.source, "grown": growth.full}.items():
        rows.add_row(name, f"{each.parameters:,}", size(each.bytes), f"{each.milliseconds:.3g}")
    print_table(rows)


def parity_told(parity: Parity) -> str:
    """Return how near a file is to its version, as words."""
    from onward.cli.show import percent
    from onward.errors import counted

    where = f"of {parity.source}" if parity.source else "that were made up"
    share = parity.same_predictions
    same = "all predictions the same" if share == 1 else f"{percent(share)} % of the predictions the same"
    return f"largest difference {parity.largest_difference:.2g} over {counted(parity.inputs, 'input')} {where}, {same}"
