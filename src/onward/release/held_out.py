"""The test sets of a lineage: what versions are judged on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from onward.datasets.source import Source, read
from onward.engine.check import check_shape
from onward.errors import InputError
from onward.nets.classifier import Classifier
from onward.store.lineage import Lineage, Version
from onward.types import Data


@dataclass(frozen=True)
class HeldOut:
    """A test set that can be read.

    Args:
        source: as it was given.
        data: its examples.
        old: whether it came with an earlier version.
        slice: the name that the gate's rules have for it; "" where they have none.
    """

    source: str
    data: Data
    old: bool
    slice: str = ""


def examined(source: str, model: Classifier, data_dir: Path | None, beside: Path | None = None) -> Data:
    """Return the examples of a test set that the model can be judged on.

    Args:
        source: as it was given; a path that leads nowhere from here is looked for beside the lineage.
        model: what is to be judged.
        data_dir: where data sets by name are looked for.
        beside: the folder that holds the lineage.

    Raises:
        InputError: when they cannot be read, or the model cannot take them.
    """
    data = read(located(source, beside), data_dir)
    try:
        check_shape(data, model)
    except InputError as error:
        raise InputError(f"the test set {source}: {error}") from error
    return data


def located(source: str, beside: Path | None) -> Source:
    """Return a source whose relative path leads somewhere, from here or else from the lineage's place."""
    parsed = Source.parse(source)
    there = None if beside is None else beside / parsed.place
    if there is None or Path(parsed.place).expanduser().exists() or not there.exists():
        return parsed
    return replace(parsed, place=str(there))


def tests_of(
    lineage: Lineage, parent: Version, new: Sequence[str], model: Classifier, data_dir: Path | None
) -> tuple[tuple[HeldOut, ...], tuple[str, ...]]:
    """Return the test sets that can be read, the lineage's own first, and the sources of its own that cannot.

    Raises:
        InputError: when a new one cannot be read.
    """
    found, missing = [], []
    beside = lineage.path.absolute().parent
    for source in parent.card.tests:
        try:
            found.append(HeldOut(source, examined(source, model, data_dir, beside), old=True))
        except InputError:
            missing.append(source)
    for source in dict.fromkeys(new):
        if source not in parent.card.tests:
            found.append(HeldOut(source, examined(source, model, data_dir), old=False))
    return tuple(found), tuple(missing)
