"""The reproductions there are, by name. Their experiments lie beside them as TOML files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from onward.errors import unknown
from onward.reproduction import buzzega2020, cl_baselines, doan2023, harun2025, hsu2018, iman2022, shen2024
from onward.reproduction.claim import Reproduction

REPRODUCTIONS: Mapping[str, Reproduction] = MappingProxyType(
    {
        each.name: each
        for paper in (shen2024, harun2025, doan2023, iman2022, hsu2018, buzzega2020, cl_baselines)
        for each in paper.REPRODUCTIONS
    }
)
"""Every reproduction by its name."""

GROUPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {**doan2023.GROUPS, **hsu2018.GROUPS, **buzzega2020.GROUPS, **cl_baselines.GROUPS},
)
"""Names for several of them, the columns of a table, which are run one after another."""


def find(name: str) -> Reproduction:
    """Return a reproduction.

    Raises:
        InputError: when there is none of that name; names the nearest.
    """
    if name not in REPRODUCTIONS:
        raise unknown("reproduction", name, (*REPRODUCTIONS, *GROUPS))
    return REPRODUCTIONS[name]


def every(names: Iterable[str]) -> tuple[Reproduction, ...]:
    """Return the reproductions of some names, each once; a group's name stands for all of its own.

    Raises:
        InputError: when there is none of a name; names the nearest.
    """
    each = dict.fromkeys(one for name in names for one in GROUPS.get(name, (name,)))
    return tuple(find(name) for name in each)
