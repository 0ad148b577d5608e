"""What may be asked of a stream: every rule that is broken is named, all at once."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TypeGuard

from onward.errors import InputError, counted

Rules = Mapping[str, tuple[object, bool]]
"""Rules in words, each with the value that was given and whether the rule holds for it."""


def require(scenario: str, rules: Rules) -> None:
    """Refuse options that break their rules.

    Args:
        scenario: what the options belong to.
        rules: what must hold of them.

    Raises:
        InputError: naming every broken rule and its value.
    """
    broken = [f"{rule} (got {value!r})" for rule, (value, holds) in rules.items() if not holds]
    if broken:
        raise InputError(f"{counted(len(broken), 'problem')} in the options of {scenario}: " + "; ".join(broken))


def number(value: object) -> TypeGuard[float]:
    """Return whether ``value`` is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def whole(value: object, least: int | None = None) -> TypeGuard[int]:
    """Return whether ``value`` is a whole number, and not below ``least``."""
    return isinstance(value, int) and not isinstance(value, bool) and (least is None or value >= least)


def share(value: object) -> TypeGuard[float]:
    """Return whether ``value`` is a number in [0, 1]."""
    return number(value) and 0 <= value <= 1


def cut(parts: object, seed: object) -> Rules:
    """Return the rules of what every seeded scenario takes."""
    return {
        "parts must be a whole number >= 1": (parts, whole(parts, least=1)),
        "seed must be a whole number": (seed, whole(seed)),
    }
