"""A domain-incremental stream by its options: rotations, permutations, or classes as domains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from onward.streams.experience import Stream
from onward.streams.options import cut, number, require, whole
from onward.streams.scenario import classes_as_domains, domain_incremental
from onward.streams.shifts import drawn_angles, permuted, rotated
from onward.types import Data


@dataclass(frozen=True)
class Domains:
    """What the domains are.

    Args:
        shift: ``rotated``, ``permuted``, or ``classes``, which are called by their place in each part.
        angles: of the rotations, in degrees: one for each part, the step from each to the next, from 0, or ``drawn``,
            each anywhere in [0, 180).
        identity_first: the first permutation is none.
        order: of the classes, where they are the domains; None is drawn.
    """

    shift: str = "rotated"
    angles: float | str | Sequence[float] = 9.0
    identity_first: bool = True
    order: Sequence[str] | None = None


def domains(train: Data, test: Data, parts: int, seed: int, options: Domains) -> Stream:
    """Return the stream of so many domains.

    Args:
        train: what arrives in each domain; of ``classes`` what is split.
        test: what each domain is tested on.
        parts: how many domains.
        seed: of what is drawn.
        options: what they are.

    Raises:
        InputError: naming every option that is out of its range; for data that cannot be cut so.
    """
    angles: Any = options.angles
    if number(angles) and whole(parts):
        angles = [part * angles for part in range(parts)]
    elif angles == "drawn" and whole(parts, least=1) and whole(seed):
        angles = drawn_angles(parts, seed)
    given = isinstance(angles, list | tuple) and len(angles) == parts and all(number(angle) for angle in angles)
    order, known = options.order, options.shift in ("rotated", "permuted", "classes")
    rules = {
        "shift must be rotated, permuted or classes": (options.shift, known),
        f"angles must be a number of degrees, {parts} of them, or drawn": (options.angles, given),
        "identity_first must be true or false": (options.identity_first, isinstance(options.identity_first, bool)),
        'order must be left out, unless shift = "classes"': (order, order is None or options.shift == "classes"),
    }
    require("domain-incremental", {**cut(parts, seed), **rules})
    if options.shift == "classes":
        return classes_as_domains(train, test, parts, seed, order=order)
    shifts = rotated(angles) if options.shift == "rotated" else permuted(parts, seed, options.identity_first)
    return domain_incremental(train, test, shifts)
