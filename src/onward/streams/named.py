"""Streams by name, with options that a file or a command line can hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Any

from onward.errors import InputError, unknown
from onward.streams.experience import Stream
from onward.streams.mixed import Mixture, mixed_arrivals
from onward.streams.options import cut, number, require, whole
from onward.streams.scenario import (
    class_incremental,
    classes_as_domains,
    data_incremental,
    domain_incremental,
    task_incremental,
)
from onward.streams.shifts import drawn_angles, permuted, rotated
from onward.types import Data


def build_stream(name: str, train: Data, test: Data, *, parts: int, seed: int, **options: object) -> Stream:
    """Return the stream that the scenario ``name`` cuts from the data.

    The options pass through here because they differ by scenario; each is checked by the one it belongs to.

    Args:
        name: one of ``SCENARIOS``.
        train: what arrives.
        test: where it is evaluated.
        parts: how many experiences, >= 1.
        seed: of everything that is drawn.
        options: the scenario's own, whose names are in ``SCENARIOS``.

    Raises:
        InputError: for a name or an option that does not exist, with the nearest that do; for every option
            out of its range; for data that cannot be cut so.
    """
    if name not in SCENARIOS:
        raise unknown("scenario", name, SCENARIOS)
    scenario = SCENARIOS[name]
    strange = [option for option in options if option not in scenario.options]
    if strange:
        raise InputError("; ".join(str(unknown(f"option of {name}", o, scenario.options)) for o in strange))
    return scenario.cut(train, test, parts, seed, **options)


def _domains(
    train: Data,
    test: Data,
    parts: int,
    seed: int,
    *,
    shift: str = "rotated",
    angles: float | str | Sequence[float] = 9.0,
    identity_first: bool = True,
    order: Sequence[str] | None = None,
) -> Stream:
    """Return the domain-incremental stream of ``parts`` rotations or permutations, or of classes as domains.

    One parameter for each option that a file can hold, hence so many.

    Args:
        train: what arrives in each domain; of ``classes`` what is split.
        test: what each domain is tested on.
        parts: how many domains.
        seed: of what is drawn.
        shift: ``rotated``, ``permuted``, or ``classes``, which are called by their place in each part.
        angles: of the rotations, in degrees: one for each part, the step from each to the next, from 0, or ``drawn``,
            each anywhere in [0, 180).
        identity_first: the first permutation is none.
        order: of the classes, where they are the domains; None is drawn.
    """
    stepped = number(angles) and whole(parts)
    turns: Any = [part * angles for part in range(parts)] if stepped else angles
    if angles == "drawn" and whole(parts, least=1) and whole(seed):
        turns = drawn_angles(parts, seed)
    given = isinstance(turns, list | tuple) and len(turns) == parts and all(number(angle) for angle in turns)
    rules = {
        "shift must be rotated, permuted or classes": (shift, shift in ("rotated", "permuted", "classes")),
        f"angles must be a number of degrees, {parts} of them, or drawn": (angles, given),
        "identity_first must be true or false": (identity_first, isinstance(identity_first, bool)),
        'order must be left out, unless shift = "classes"': (order, order is None or shift == "classes"),
    }
    require("domain-incremental", {**cut(parts, seed), **rules})
    if shift == "classes":
        return classes_as_domains(train, test, parts, seed, order=order)
    shifts = rotated(turns) if shift == "rotated" else permuted(parts, seed, identity_first)
    return domain_incremental(train, test, shifts)


@dataclass(frozen=True)
class Scenario:
    """A way to cut a stream: called with train, test, parts, seed, and its own options by keyword."""

    cut: Callable[..., Stream]
    options: tuple[str, ...]


SCENARIOS: Mapping[str, Scenario] = MappingProxyType(
    {
        "data-incremental": Scenario(data_incremental, ("sizes", "concentration", "stratified")),
        "class-incremental": Scenario(class_incremental, ("order", "first")),
        "task-incremental": Scenario(task_incremental, ("order", "first")),
        "domain-incremental": Scenario(_domains, ("shift", "angles", "identity_first", "order")),
        "mixed": Scenario(
            lambda train, test, parts, seed, **mixture: mixed_arrivals(train, test, parts, seed, Mixture(**mixture)),
            tuple(field.name for field in fields(Mixture)),
        ),
    }
)
"""Every scenario by its name."""
