"""Commands that change a version without training, and those that show what it is made of."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from onward.cli import options, update_options
from onward.cli.deciding import head_to_move

if TYPE_CHECKING:
    from onward.amend.child import Origin
    from onward.store.version import Version

OldName = Annotated[str, typer.Argument(metavar="OLD", help="The class, as it is called now.")]
NewName = Annotated[str, typer.Argument(metavar="NEW", help="What it is to be called.")]
MergedName = Annotated[str, typer.Argument(metavar="NAME", help="A class, or a name that is not known yet.")]
Into = Annotated[str, typer.Argument(metavar="INTO", help="The class that it is to be counted as.")]
DropSums = Annotated[
    bool, typer.Option("--drop-sums", help="Leave out all that a method kept which cannot take out one example.")
]
CardFile = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write it to a file.")]
License = Annotated[str, typer.Option(metavar="NAME", help="To be told in it, as Hugging Face writes it: apache-2.0.")]


def classes(
    reference: options.Reference,
    lineage: options.LineageFolder = options.DEFAULT_LINEAGE,
    as_json: options.AsJson = False,
) -> None:
    """List the classes that a version knows.

    Each with its id, the version that first knew it, the examples it was trained on, and its other names.
    """
    from dataclasses import asdict

    from onward.cli.classes import class_lines
    from onward.cli.show import print_json
    from onward.store.class_history import classes_of
    from onward.store.lineage import Lineage

    place = Lineage(lineage)
    version = place.version(reference)
    found = classes_of(place, version)
    if as_json:
        print_json([{**asdict(each), "since": each.since or version.id} for each in found])
    else:
        class_lines(version, found)


def rename(
    reference: options.Reference,
    old: OldName,
    new: NewName,
    promote_to: options.PromoteTo = None,
    no_promote: options.NoPromote = False,
    lineage: options.LineageFolder = options.DEFAULT_LINEAGE,
) -> None:
    """Give a class another name. Its id stays, and data under the old name goes on to mean it."""
    from onward.amend.classes import renamed

    start = begun(lineage, reference, promote_to, no_promote)
    tell(renamed(start, old, new), start.head)


def merge(
    reference: options.Reference,
    name: MergedName,
    into: Into,
    promote_to: options.PromoteTo = None,
    no_promote: options.NoPromote = False,
    lineage: options.LineageFolder = options.DEFAULT_LINEAGE,
    data_dir: options.DataDir = None,
) -> None:
    """Count a class as another one, or let a new name mean it.

    A class that is merged is never predicted again: its probability is added to the other's.
    """
    from onward.amend.classes import merged

    start = begun(lineage, reference, promote_to, no_promote)
    tell(merged(start, name, into, data_dir), start.head)


def forget(
    reference: options.Reference,
    data: options.Source,
    drop_sums: DropSums = False,
    unlabeled: update_options.Unlabeled = None,
    corrupt: update_options.Corrupt = None,
    promote_to: options.PromoteTo = None,
    no_promote: options.NoPromote = False,
    lineage: options.LineageFolder = options.DEFAULT_LINEAGE,
    data_dir: options.DataDir = None,
) -> None:
    """Take examples out of what a version keeps, by their content.

    The weights were trained on them and stay as they are. Earlier versions that keep them are named.
    """
    from onward.amend.forgetting import forgot
    from onward.cli.classes import forgotten_lines
    from onward.cli.judgements import left_out_lines
    from onward.datasets.source import taken
    from onward.release.inputs import reading_for

    start = begun(lineage, reference, promote_to, no_promote)
    said = update_options.answers(unlabeled=unlabeled, corrupt=corrupt)
    gone = taken(data, data_dir, reading_for(start.lineage, start.parent, start.before.model, said))
    done = forgot(start, gone.data, data, drop_sums, data_dir)
    if done.version is not None:
        tell(done.version, start.head)
    forgotten_lines(done)
    left_out_lines(gone)


def card(
    reference: options.Reference,
    out: CardFile = None,
    license: License = "",
    lineage: options.LineageFolder = options.DEFAULT_LINEAGE,
) -> None:
    """Print a version's model card, as Hugging Face has it."""
    from onward.cli.show import console
    from onward.errors import InputError
    from onward.report.model_card import README, model_card
    from onward.store.class_history import classes_of
    from onward.store.lineage import Lineage

    place = Lineage(lineage)
    version = place.whole(reference)
    if README in version.card.files and not license:
        text = (version.path / README).read_text(encoding="utf-8")
    else:
        text = model_card(version.card, classes_of(place, version), license=license)
    if out is None:
        console().print(text, end="")
        return
    try:
        out.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise InputError(f"cannot write {out} ({error.strerror}); give --out another path") from error
    console().print(f"model card of {version.short} written to {out}")


def begun(lineage: Path, reference: str, promote_to: str | None, no_promote: bool) -> Origin:
    """Return the version in use, with the head that is to name what comes of it."""
    from onward.amend.child import origin
    from onward.store.lineage import Lineage

    place = Lineage(lineage)
    return origin(place, reference, head_to_move(place, reference, promote_to, no_promote))


def tell(version: Version, head: str | None) -> None:
    """Say what came of an act."""
    from onward.cli.show import console

    now = "is kept and no head names it" if head is None else f"is head of {head}"
    console().print(f"version {version.short} {now}: {version.card.act}")
