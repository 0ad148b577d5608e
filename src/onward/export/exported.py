"""A version written for serving, and checked before it appears."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from onward.errors import InputError
from onward.export.description import described, write_description
from onward.export.formats import CARD, PARTS, Format, format_named
from onward.export.parity import Parity, verified
from onward.export.placing import placed, vacant
from onward.export.probe import Probe, probed
from onward.learner import Learner
from onward.nets.resting import resting
from onward.store.lineage import Lineage, Version


@dataclass(frozen=True)
class Exported:
    """What was written.

    Args:
        version: the id of the version.
        path: the folder.
        format: by name.
        bytes: of all files in it.
        parity: how near it is to the version.
    """

    version: str
    path: Path
    format: str
    bytes: int
    parity: Parity


def exported(
    lineage: Lineage,
    reference: str,
    path: str | Path,
    format: str,
    own_names: bool = False,
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
        own_names: write the tensors of an adopted network under the names it has for them itself.
        force: replace an export that is there.
        probe: the inputs on which the file is checked; None is the lineage's own test sets.

    Raises:
        InputError: when something that was asked for is not possible; before anything is written.
        StoreError: when the version is not what its card says, or the file not what the version says.
        MissingExtraError: when what writes or runs the format is not installed.
    """
    chosen, target = format_named(format, own_names), vacant(Path(path), PARTS, force)
    version = lineage.version(reference)
    learner = lineage.load(version.id)
    refuse_more_than_a_network(learner)
    on = probed(probe or Probe(), version.card.tests, learner.model)
    learner.model.requires_grad_(False)  # who serves it asks for no gradient
    with placed(target) as folder:
        write(folder, format, chosen, version, learner, on.inputs)
        parity = verified(folder, chosen, learner, on)
        size = sum(file.stat().st_size for file in folder.iterdir())
    return Exported(version.id, target, format, size, parity)


def write(folder: Path, name: str, format: Format, version: Version, learner: Learner, inputs: Tensor) -> None:
    """Write the files of an export into a folder that is there, unchecked.

    Args:
        folder: where.
        name: of the format.
        format: the same, or its variant under the user's own names.
        version: what is exported.
        learner: of that version.
        inputs: such as the network will be given, (n, *shape).

    Raises:
        InputError: when the network cannot be written so.
        MissingExtraError: when what writes it is not installed.
    """
    description = described(version, learner.model, inputs, name)
    with resting(learner.model):
        format.write(folder, learner.model, inputs, description)
    write_description(folder, description)
    if (version.path / CARD).is_file():
        shutil.copyfile(version.path / CARD, folder / CARD)


def refuse_more_than_a_network(learner: Learner) -> None:
    """Refuse a version that says something else than its network does, or nothing.

    Raises:
        InputError: when a method of its chain has a prediction of its own, or it knows no class.
    """
    if not learner.classes:
        raise InputError("the version knows no class yet; update it first")
    if learner.chain.predictor is not None:
        name, _ = learner.chain.predictor
        raise InputError(
            f"the method {name} predicts in a way of its own, from what it keeps, and an exported file holds the "
            "network alone: it would say something else. Serve the version with onward.load, or update it once more "
            f"with a method other than {name}."
        )
