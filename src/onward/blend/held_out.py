"""The data on which versions and what lies between them are looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from onward.blend.parts import Part, Parts
from onward.datasets.source import read
from onward.engine.check import check_shape
from onward.errors import InputError, listed
from onward.release.held_out import HeldOut, examined, tests_of
from onward.release.inputs import reading_for
from onward.types import aligned, joined, known_as


def recorded(
    parts: Sequence[Part], frame: Part, data_dir: Path | None, slices: dict[str, str] | None = None
) -> tuple[tuple[HeldOut, ...], tuple[str, ...]]:
    """Return the test sets of all versions that can be read, and the sources of those that cannot.

    Args:
        parts: the versions; the first one's test sets are the old ones.
        frame: the one that takes the examples.
        data_dir: where data sets by name are looked for.
        slices: test sets of the gate's rules, by the names that these have for them.
    """
    found: dict[str, HeldOut] = {}
    missing: dict[str, None] = {}
    for part in parts:
        first = part is parts[0]
        tests, gone = tests_of(part.lineage, part.version, (), frame.model, data_dir, slices=slices if first else None)
        for test in tests:
            found.setdefault(test.source, replace(test, old=first))
        missing |= dict.fromkeys(gone)
    return tuple(found.values()), tuple(missing)


def looked_at(parts: Parts, data_dir: Path | None) -> tuple[HeldOut, ...]:
    """Return the test sets of all versions that can be read.

    Raises:
        InputError: when there is none.
    """
    found, missing = recorded(parts.parts, parts.frame, data_dir)
    if not found:
        why = f" ({listed(missing)} cannot be)" if missing else ""
        raise InputError(f"these versions have no test set that can be read{why}; name one with --data")
    return found


def given(sources: Sequence[str], frame: Part, data_dir: Path | None) -> tuple[HeldOut, ...]:
    """Return data sets that a user names.

    Raises:
        InputError: when one cannot be read, or the version cannot take it.
    """
    reading = reading_for(frame.lineage, frame.version, frame.model)
    once = dict.fromkeys(sources)
    return tuple(HeldOut(source, examined(source, frame.model, data_dir, reading), old=False) for source in once)


def with_statistics(parts: Parts, sources: Sequence[str], data_dir: Path | None) -> Parts:
    """Return the parts with examples from which batch norm's running statistics are taken anew; none, as they are.

    Raises:
        InputError: when a source cannot be read, or the versions cannot take it or do not know its classes.
    """
    if not sources:
        return parts
    frame = parts.frame
    reading, pieces = reading_for(frame.lineage, frame.version, frame.model), []
    for source in dict.fromkeys(sources):
        data = read(source, data_dir, reading)
        check_shape(data, frame.model)
        pieces.append(aligned(known_as(data, frame.model.aliases), frame.model.classes))
    return replace(parts, statistics=joined(*pieces))
