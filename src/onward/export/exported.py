"""A version written for serving, and checked before it appears."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from onward.export.description import described, write_description
from onward.export.formats import CARD, PARTS, Format, format_named
from onward.export.growth import Growth, Part, growth_told
from onward.export.parity import Parity, verified
from onward.export.placing import placed, vacant
from onward.export.probe import Probe
from onward.export.served import Contents, Served, served
from onward.nets.resting import resting
from onward.store.lineage import Lineage


@dataclass(frozen=True)
class Exported:
    """What was written.

    Args:
        version: the id of the version.
        part: ``full``, or the ``source`` within a network that has grown.
        path: the folder.
        format: by name.
        bytes: of all files in it.
        parity: how near it is to the version.
        growth: what the network takes, and took before it grew; None where it never did.
    """

    version: str
    part: Part
    path: Path
    format: str
    bytes: int
    parity: Parity
    growth: Growth | None


def exported(
    lineage: Lineage,
    reference: str,
    path: str | Path,
    format: str,
    contents: Contents | None = None,
    force: bool = False,
    probe: Probe | None = None,
) -> Exported:
    """Write a version as a folder that is served without onward: the network, ``config.json``, the model card.

    The network takes inputs as they are stored and gives logits.

    Args:
        lineage: where the version is.
        reference: a head, ``head~2`` for two versions before it, or the beginning of an id.
        path: of the folder, which must not be there.
        format: of ``FORMATS``.
        contents: what of it is written; None is all, under our names.
        force: replace an export that is there.
        probe: the inputs on which the file is checked; None is the lineage's own test sets.

    Raises:
        InputError: when something that was asked for is not possible; before anything is written.
        StoreError: when the version is not what its card says, or the file not what the version says.
        MissingExtraError: when what writes or runs the format is not installed.
    """
    contents = contents or Contents()
    chosen, target = format_named(format, contents.own_names), vacant(Path(path), PARTS, force)
    one = served(lineage, lineage.version(reference), contents.part, probe)
    with placed(target) as folder:
        write(folder, format, chosen, one)
        parity = verified(folder, chosen, one.learner, one.on)
        size = sum(file.stat().st_size for file in folder.iterdir())
    return Exported(one.version.id, one.part, target, format, size, parity, one.growth)


def write(folder: Path, name: str, format: Format, one: Served) -> None:
    """Write the files of an export into a folder that is there, unchecked.

    Args:
        folder: where.
        name: of the format.
        format: the same, or its variant under the user's own names.
        one: what is exported.

    Raises:
        InputError: when the network cannot be written so.
        MissingExtraError: when what writes it is not installed.
    """
    description = described(one, name)
    with resting(one.model):
        format.write(folder, one.model, one.on.inputs, description)
    write_description(folder, description)
    if (card := one.card_of.path / CARD).is_file():
        told = "" if one.growth is None else f"\n{growth_told(one.growth)}\n"
        (folder / CARD).write_bytes(card.read_bytes() + told.encode())
