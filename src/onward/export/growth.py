"""A version whose network has grown: what is before it, the source that is still in it, and what growth cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from torch import Tensor

from onward.engine.latency import medians
from onward.errors import InputError, unknown
from onward.learner import Learner
from onward.nets.backbone import same_weights
from onward.nets.classifier import Classifier
from onward.nets.grown import Grown, source
from onward.store.lineage import Lineage
from onward.store.version import Version

Part = Literal["full", "source"]
"""What of a network that has grown is exported: all of it, or what it was before it grew last."""


def part_named(name: str) -> Part:
    """Return a part.

    Raises:
        InputError: when there is none of that name.
    """
    for part in get_args(Part):
        if name == part:
            return part
    raise unknown("part", name, get_args(Part))


@dataclass(frozen=True)
class Load:
    """What it takes to serve a network.

    Args:
        parameters: how many.
        bytes: of all its tensors.
        milliseconds: the median time of one prediction on the machine of the export, by torch.
    """

    parameters: int
    bytes: int
    milliseconds: float


@dataclass(frozen=True)
class Growth:
    """What a network was before it grew last, and what it is.

    Args:
        version: the id of the one before.
        source: what that one takes; it is what the source within the larger network takes.
        full: what the larger network takes.
    """

    version: str
    source: Load
    full: Load


def before_growth(lineage: Lineage, version: Version, model: Classifier) -> Version | None:
    """Return the version whose network a version's was before it grew last.

    That is the nearest before it that has the backbone within its own; None where the network never grew, or no
    such version is there.
    """
    if not isinstance(model.backbone, Grown):
        return None
    within = model.backbone.inner.spec()
    return next((each for each in lineage.history(version.id)[1:] if each.card.net["backbone"] == within), None)


def source_of(model: Classifier, before: Version | None, smaller: Learner | None) -> Classifier:
    """Return the source within a network that has grown, which says bit for bit what the version before it says.

    Args:
        model: the one that has grown.
        before: the version before it; None where there is none.
        smaller: its learner.

    Raises:
        InputError: when there is no source, or it has changed since.
    """
    within = source(model)
    if before is None or smaller is None:
        raise InputError(
            "no version before this one has the network that it was before it grew, so it cannot be shown that "
            "the source is still in it; export all of it"
        )
    if not same_weights(within, smaller.model):
        raise InputError(
            "what was there before the network grew was trained since: its source says something else than "
            f"version {before.short} said. Export that version, or all of this one"
        )
    return within


def growth(before: Version, smaller: Learner, larger: Learner, inputs: Tensor) -> Growth:
    """Return what both take, measured here and now.

    Args:
        before: the version before the network grew.
        smaller: its learner.
        larger: the learner of the larger one.
        inputs: such as both are given, (n, *shape); the time is that of the first.
    """
    pair = (smaller, larger)
    seconds = medians(pair, inputs[:1])
    source, full = (load(each.model, 1000 * time) for each, time in zip(pair, seconds, strict=True))
    return Growth(before.id, source, full)


def load(model: Classifier, milliseconds: float) -> Load:
    """Return what it takes to serve a network that was timed."""
    tensors = model.state_dict().values()
    return Load(sum(each.numel() for each in model.parameters()), sum(each.nbytes for each in tensors), milliseconds)


def growth_told(found: Growth) -> str:
    """Return growth as a section of a model card."""
    rows = {f"version {found.version[:8]}, before it grew": found.source, "after it grew": found.full}
    lines = [
        f"| {name} | {each.parameters:,} | {each.bytes:,} | {each.milliseconds:.3g} |" for name, each in rows.items()
    ]
    return "\n".join(
        [
            "## Growth",
            "",
            "One prediction was timed when this was exported, by torch on that machine.",
            "",
            "| network | parameters | bytes | milliseconds a prediction |",
            "|---|---:|---:|---:|",
            *lines,
        ]
    )
