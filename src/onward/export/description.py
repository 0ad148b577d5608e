"""What stands beside an exported network, for whoever serves it: ``config.json``."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from onward.export.growth import Growth, Part
from onward.export.served import Served
from onward.store import files

CONFIG = "config.json"
"""The file that every export has beside the network's."""

SCHEMA = 1
"""The form of ``config.json``."""


@dataclass(frozen=True)
class Description:
    """All that is to be known of an exported network but its numbers.

    Args:
        format: of the network's file; see ``formats``.
        version: the id of the version it came from.
        method: by which that version was made, as its card has it.
        part: ``full``, or ``source`` for the network as it was before it grew last.
        growth: what that and the larger one take; None where the network never grew.
        shape: of one input, without the batch.
        dtype: of the inputs, as they are stored: uint8 for images, such as float32 or int64 for others.
        classes: the name of each logit.
        id2label: the same by the logit's place, as Hugging Face has it.
        aliases: other names of classes, each with the class it means; one that has a logit is never predicted.
        transform: how a file becomes an input, see ``transform``; None where the network does not say.
        mean: by channel, taken off the inputs after bytes were brought to [0, 1]; () leaves it.
        std: by channel, by which they are divided then.
        spec: the network's shape, see ``Classifier.spec``.
        schema: the form of this.
    """

    format: str
    version: str
    method: str
    part: Part
    growth: Growth | None
    shape: tuple[int, ...]
    dtype: str
    classes: tuple[str, ...]
    id2label: dict[int, str]
    aliases: dict[str, str]
    transform: dict[str, Any] | None
    mean: tuple[float, ...]
    std: tuple[float, ...]
    spec: dict[str, Any]
    schema: int = SCHEMA


def described(one: Served, format: str) -> Description:
    """Return what is to be known of what is served in a format."""
    model, version, inputs = one.model, one.version, one.on.inputs
    transform = model.backbone.transform
    return Description(
        format=format,
        version=version.id,
        method=version.card.method,
        part=one.part,
        growth=one.growth,
        shape=tuple(inputs.shape[1:]),
        dtype=str(inputs.dtype).removeprefix("torch."),
        classes=model.classes,
        id2label=dict(enumerate(model.classes)),
        aliases=model.aliases,
        transform=None if transform is None else asdict(transform),
        mean=model.mean,
        std=model.std,
        spec=model.spec(),
    )


def write_description(folder: Path, description: Description) -> None:
    """Write ``config.json``."""
    text = json.dumps(asdict(description), indent=1, ensure_ascii=False)
    files.write(folder / CONFIG, text.encode(errors="backslashreplace") + b"\n")


def read_spec(folder: Path) -> dict[str, Any]:
    """Return the shape of the network that lies in an export."""
    return json.loads((folder / CONFIG).read_bytes())["spec"]
