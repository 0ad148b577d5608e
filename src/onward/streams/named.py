"""Streams by name, with options that a file or a command line can hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType

from onward.errors import InputError, unknown
from onward.streams.domains import Domains, domains
from onward.streams.experience import Stream
from onward.streams.mixed import Mixture, mixed_arrivals
from onward.streams.scenario import class_incremental, data_incremental, task_incremental
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
        "domain-incremental": Scenario(
            lambda train, test, parts, seed, **shifts: domains(train, test, parts, seed, Domains(**shifts)),
            tuple(field.name for field in fields(Domains)),
        ),
        "mixed": Scenario(
            lambda train, test, parts, seed, **mixture: mixed_arrivals(train, test, parts, seed, Mixture(**mixture)),
            tuple(field.name for field in fields(Mixture)),
        ),
    }
)
"""Every scenario by its name."""
