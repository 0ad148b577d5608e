"""The test sets of a lineage: what versions are judged on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from onward.content import digests
from onward.datasets.reading import Reading
from onward.datasets.source import Source, read
from onward.engine.check import check_shape
from onward.errors import InputError, counted
from onward.nets.classifier import Classifier
from onward.release.inputs import reading_for
from onward.store.lineage import Lineage
from onward.store.version import Version
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


def examined(source: Source | str, model: Classifier, data_dir: Path | None, reading: Reading | None = None) -> Data:
    """Return the examples of a test set that the model can be judged on.

    Args:
        source: the record or its text.
        model: what is to be judged.
        data_dir: where data sets by name are looked for.
        reading: how it is read; None is as the model takes its inputs.

    Raises:
        InputError: when they cannot be read, or the model cannot take them.
    """
    data = read(source, data_dir, reading or Reading(model.backbone.transform))
    try:
        check_shape(data, model)
    except InputError as error:
        raise InputError(f"the test set {source}: {error}") from error
    return data


def located(source: str, beside: Path) -> Source:
    """Return a source whose relative path leads somewhere: from here, or else from the folder ``beside``."""
    parsed = Source.parse(source)
    there = beside / parsed.place
    elsewhere = there.exists() and not Path(parsed.place).expanduser().exists()
    return replace(parsed, place=str(there)) if elsewhere else parsed


def tests_of(
    lineage: Lineage,
    parent: Version,
    new: Sequence[str],
    model: Classifier,
    data_dir: Path | None,
    reading: Reading | None = None,
    slices: Mapping[str, str] | None = None,
) -> tuple[tuple[HeldOut, ...], tuple[str, ...]]:
    """Return the test sets that can be read, the lineage's own first, and the sources of its own that cannot.

    Args:
        lineage: where the version is; a path that leads nowhere from here is looked for beside it.
        parent: the version in use, whose card names the old test sets.
        new: sources of those that come with what arrived.
        model: what is to be judged.
        data_dir: where data sets by name are looked for.
        reading: how they are read; None is as the version takes its inputs.
        slices: sources by the names that the gate's rules have for them; they are old.

    Raises:
        InputError: when a new one cannot be read.
    """
    found, missing, reading = [], [], reading or reading_for(lineage, parent, model)
    beside = lineage.path.absolute().parent
    named = {source: name for name, source in (slices or {}).items()}
    for source in dict.fromkeys((*parent.card.tests, *named)):
        try:
            data = examined(located(source, beside), model, data_dir, reading)
            found.append(HeldOut(source, data, True, "" if source in parent.card.tests else named.get(source, "")))
        except InputError:
            missing.append(source)
    fresh = [source for source in dict.fromkeys(new) if source not in parent.card.tests and source not in named]
    found += [HeldOut(source, examined(source, model, data_dir, reading), False) for source in fresh]
    return tuple(found), tuple(missing)


def check_apart(choices: Sequence[HeldOut], tests: Sequence[HeldOut]) -> None:
    """Refuse to choose by what the gate will judge on: the verdict would be too good.

    Raises:
        InputError: naming both sources, with how many examples they share.
    """
    held = {test.source: digests(test.data) for test in tests}
    for choice in choices:
        content = digests(choice.data)
        for source, digest in held.items():
            if shared := int(np.isin(content, digest).sum()):
                raise InputError(
                    f"{counted(shared, 'example')} of {choice.source} {'is' if shared == 1 else 'are'} in the test set "
                    f"{source} too, which judges what is chosen; choose on examples of their own"
                )
