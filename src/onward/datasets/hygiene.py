"""What new examples share with one another and with the test sets: counted, and dealt with as the user wishes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from onward.content import Contents, Digests
from onward.datasets.reading import Care
from onward.errors import InputError, counted, listed
from onward.types import Data, subset

Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Cleaned:
    """New examples, dealt with, and what was found among all that arrived.

    Args:
        data: those that are trained on; the very object that came when none was dropped.
        digests: of each of them, (n,) uint64.
        duplicates: how many have the content of one before them.
        contradictions: how many have the content of one of another class: their labels disagree.
        overlap: how many are in each test set as well, by its source; only those with some.
        dropped: how many were taken out.
    """

    data: Data
    digests: Digests
    duplicates: int
    contradictions: int
    overlap: Mapping[str, int]
    dropped: int


def cleaned(new: Data, contents: Contents, tests: Mapping[str, Digests], care: Care) -> Cleaned:
    """Return what of the new examples is trained on.

    Args:
        new: the examples that arrived.
        contents: theirs.
        tests: the digests of the examples of each test set, by its source.
        care: what is done about duplicates and overlap.

    Raises:
        InputError: when ``care`` refuses what is found, or nothing is left.
    """
    found = contents.digests
    repeated, inside = repeats(found), {source: np.isin(found, held) for source, held in tests.items()}
    overlap = {source: int(flags.sum()) for source, flags in inside.items() if flags.any()}
    tested = np.any([*inside.values(), np.zeros(len(found), bool)], axis=0)
    if refused := [*refusals(repeated, tested, overlap, care)]:
        raise InputError("; ".join(refused))
    gone = (tested & (care.overlap == "drop")) | (repeated & (care.duplicates == "drop"))
    if len(found) and gone.all():
        raise InputError(
            f"all {counted(len(found), 'new example')} are in the test set{'s' * (len(overlap) > 1)} "
            f"{listed(overlap)}; nothing is left to train on. Give other data, or train on them: --overlap keep"
        )
    stays = np.flatnonzero(~gone)
    data = subset(new, torch.from_numpy(stays)) if gone.any() else new
    kept = found[stays] if gone.any() else found
    contradictions = int(contradicted(found, new.targets.cpu().numpy()).sum())
    return Cleaned(data, kept, int(repeated.sum()), contradictions, overlap, int(gone.sum()))


def refusals(repeated: Flags, tested: Flags, overlap: Mapping[str, int], care: Care) -> Iterator[str]:
    """Yield a sentence for each thing that ``care`` refuses."""
    if care.duplicates == "refuse" and repeated.any():
        way = "Take them out, or keep the first of each: --duplicates drop"
        yield f"{told(repeated)} have the content of one before them. {way}"
    if care.overlap == "refuse" and tested.any():
        sets = listed(f"{source} ({count:,})" for source, count in overlap.items())
        way = "Take them out, leave them out of training: --overlap drop, or train on them: --overlap keep"
        yield f"{told(tested)} are in a test set as well: {sets}. {way}"


def repeats(digests: Digests) -> Flags:
    """Return which examples have the content of one before them, (n,)."""
    repeated = np.ones(len(digests), bool)
    repeated[np.unique(digests, return_index=True)[1]] = False  # the first of each content
    return repeated


def contradicted(digests: Digests, targets: NDArray[np.int64]) -> Flags:
    """Return which examples have the content of one of another class, (n,)."""
    _, content = np.unique(digests, return_inverse=True)
    count = int(targets.max(initial=0)) + 1
    pairs = np.unique(content * count + targets)  # a content comes once for each class that it has
    return np.bincount(pairs // count, minlength=1)[content] > 1


def told(flags: Flags) -> str:
    """Return how many examples are meant, and the first of them, for messages."""
    rows = listed(np.flatnonzero(flags).tolist(), most=5)
    return f"{int(flags.sum()):,} of {counted(len(flags), 'new example')} (rows {rows})"
