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
from onward.streams.scenario import class_incremental, data_incremental, domain_incremental, task_incremental
from onward.streams.shifts import permuted, rotated
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
    angles: float | Sequence[float] = 9.0,
    identity_first: bool = True,
) -> Stream:
    """Return the domain-incremental stream of ``parts`` rotations or permutations.

    One parameter for each option that a file can hold, hence so many.

    Args:
        train: what arrives in each domain.
        test: what each domain is tested on.
        parts: how many domains.
        seed: of the permutations.
        shift: ``rotated`` or ``permuted``.
        angles: of the rotations, in degrees: one for each part, or the step from each to the next, from 0.
        identity_first: the first permutation is none.
    """
    stepped = number(angles) and whole(parts)
    turns: Any = [part * angles for part in range(parts)] if stepped else angles
    given = isinstance(turns, list | tuple) and len(turns) == parts and all(number(angle) for angle in turns)
    rules = {
        "shift must be rotated or permuted": (shift, shift in ("rotated", "permuted")),
        f"angles must be a number of degrees, or {parts} of them": (angles, given),
        "identity_first must be true or false": (identity_first, isinstance(identity_first, bool)),
    }
    require("domain-incremental", {**cut(parts, seed), **rules})
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
        "domain-incremental": Scenario(_domains, ("shift", "angles", "identity_first")),
        "mixed": Scenario(
            lambda train, test, parts, seed, **mixture: mixed_arrivals(train, test, parts, seed, Mixture(**mixture)),
            tuple(field.name for field in fields(Mixture)),
        ),
    }
)
"""Every scenario by its name."""
