"""Examples are taken out of what a version keeps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from onward.amend.child import Origin, as_before, child, measured_anew
from onward.content import fingerprint
from onward.context import part
from onward.engine.check import check_shape
from onward.errors import InputError, counted, listed
from onward.learner import Learner
from onward.privacy import Sought
from onward.record import Measure
from onward.store.lineage import Lineage
from onward.store.tensors import read_tensors
from onward.store.version import KEPT, Version
from onward.types import Data, Kept, aligned, known_as


@dataclass(frozen=True)
class Forgotten:
    """What came of forgetting.

    Args:
        asked: how many examples were to be forgotten.
        found: how many of them were kept as they are.
        dropped: the methods of which all that they kept was left out.
        parent: the version in use.
        version: the one without them; None where nothing that is kept has to do with them.
        holders: the versions that still keep some of them, the oldest first.
    """

    asked: int
    found: int
    dropped: tuple[str, ...]
    parent: Version
    version: Version | None
    holders: tuple[Version, ...]


def forgot(start: Origin, gone: Data, source: str, drop_sums: bool = False, data_dir: Path | None = None) -> Forgotten:
    """Make the version that no longer keeps some examples. Its weights are its parent's, which were trained on them.

    Args:
        start: the version in use.
        gone: the examples, in the form in which they were trained on.
        source: where they came from, as it was given.
        drop_sums: leave out all that a method kept which cannot take out one example.
        data_dir: where data sets by name are looked for, should what is kept decide predictions.

    Raises:
        InputError: when the examples do not fit the model, or a method cannot take them out; nothing is written.
        StoreError: when a version is not what its card says, or the head has moved meanwhile.
    """
    before = start.before
    check_shape(gone, before.model)
    meant = aligned(known_as(gone, before.model.aliases), before.model.classes)
    sought = Sought.of(meant)
    held = sought.within(before.kept)
    found = int(np.logical_or.reduce(list(held.values())).sum()) if held else 0
    rest, dropped = without(before, meant, drop_sums)
    if left := next(iter(sought.within(rest)), ""):
        raise InputError(
            f"'{left}' keeps some of the examples in another form than they came in, and {left.partition('/')[0]} "
            "cannot find them there; give them as they were when they were trained on"
        )
    others, version = holders(start.lineage, sought), None
    if not same(rest, before.kept):
        also = f", and all that {listed(dropped)} kept" if dropped else ""
        mark = f"fingerprint {fingerprint(gone)[:8]}"
        act = f"forget {counted(len(gone), 'example')} of {source} ({mark}){also}"
        after = replace(before, kept=rest)
        version = child(start, after, act, measures_of(start, after, data_dir))
    return Forgotten(len(gone), found, dropped, start.parent, version, others)


def without(learner: Learner, gone: Data, drop_sums: bool) -> tuple[Kept, tuple[str, ...]]:
    """Return what a learner keeps without some examples, and the methods of which nothing is kept any more.

    Raises:
        InputError: when a method cannot take them out and may not drop what it kept; with both ways out.
    """
    rest, dropped = dict(learner.kept), []
    for key, method in learner.chain.named:
        kept = part(learner.kept, key)
        try:
            left = method.forget(kept, gone, learner.model)
        except InputError as error:  # the method alone knows what it can take out
            if not drop_sums:
                raise InputError(f"{error} To leave it out: --drop-sums") from error
            left, dropped = {}, [*dropped, key]
        for name in kept:
            del rest[f"{key}/{name}"]
        rest |= {f"{key}/{name}": tensor for name, tensor in left.items()}
    return rest, tuple(dropped)


def same(one: Kept, other: Kept) -> bool:
    """Say whether the same is kept, bit for bit."""
    return one.keys() == other.keys() and all(torch.equal(tensor, other[name]) for name, tensor in one.items())


def measures_of(start: Origin, after: Learner, data_dir: Path | None) -> tuple[Measure, ...]:
    """Return the measures of a version with its parent's weights: the parent's, unless what is kept decides as well."""
    if after.chain.predictor is None:
        return as_before(start.parent.card.measures)
    return measured_anew(start, after, data_dir)


def holders(lineage: Lineage, sought: Sought) -> tuple[Version, ...]:
    """Return the versions of a lineage that keep some of the examples, the oldest first.

    Raises:
        StoreError: when what a version keeps cannot be read.
    """
    versions = sorted(map(lineage.read, lineage.ids()), key=lambda version: version.card.created)
    looked: dict[str, bool] = {}
    for version in (version for version in versions if not version.stripped):
        file = version.card.files.get(KEPT, "")
        if file not in looked:
            looked[file] = bool(sought.within(read_tensors(version.path / KEPT)))
    return tuple(v for v in versions if not v.stripped and looked[v.card.files.get(KEPT, "")])
