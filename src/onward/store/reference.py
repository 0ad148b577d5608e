"""What a reference to a version means: a head, the beginning of an id, and how far before it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from onward.errors import InputError, counted, listed, unknown
from onward.store.heads import Heads

SHORTEST = 4
"""The fewest digits of an id that may stand for it."""


def resolved(reference: str, heads: Heads, ids: Sequence[str], parent: Callable[[str], str | None]) -> str:
    """Return the id that a reference means.

    Args:
        reference: a head, the beginning of an id, or either with ``~2`` for two versions before it.
        heads: of the lineage.
        ids: of its versions.
        parent: gives the id of a version's parent; None where it has none.

    Raises:
        InputError: when it means none, or several.
    """
    name, tilde, back = reference.partition("~")
    names = heads.names()
    begun = [id for id in ids if id.startswith(name)] if len(name) >= SHORTEST else []
    found = [heads.moves(name)[-1]] if name in names else begun
    if not found:
        raise unknown("head or version", name, [*names, *(id[:8] for id in ids)])
    if len(found) > 1:
        several = listed((id[:12] for id in found), most=5)
        raise InputError(f"'{name}' begins {len(found)} ids: {several}; give more digits")
    id = found[0]
    steps = int(back or 1) if tilde and re.fullmatch(r"[0-9]{0,9}", back) else 0
    if tilde and not steps:
        raise InputError(f"after ~ comes how many versions to go back, got {reference!r}")
    for done in range(steps):
        before = parent(id)
        if before is None:
            raise InputError(f"{name} has {counted(done, 'version')} before it, {reference!r} asks for {steps}")
        id = before
    return id
