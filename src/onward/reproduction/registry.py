"""The reproductions there are, by name. Their experiments lie beside them as TOML files."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from onward.errors import unknown
from onward.reproduction import doan2023, harun2025, iman2022, shen2024
from onward.reproduction.claim import Reproduction

REPRODUCTIONS: Mapping[str, Reproduction] = MappingProxyType(
    {each.name: each for paper in (shen2024, harun2025, doan2023, iman2022) for each in paper.REPRODUCTIONS}
)
"""Every reproduction by its name."""


def find(name: str) -> Reproduction:
    """Return a reproduction.

    Raises:
        InputError: when there is none of that name; names the nearest.
    """
    if name not in REPRODUCTIONS:
        raise unknown("reproduction", name, REPRODUCTIONS)
    return REPRODUCTIONS[name]
