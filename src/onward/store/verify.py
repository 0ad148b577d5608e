"""A lineage against its own cards."""

from __future__ import annotations

from dataclasses import dataclass

from onward.errors import OnwardError
from onward.store.lineage import Lineage


@dataclass(frozen=True)
class Health:
    """What was looked at and what is wrong with it.

    Args:
        versions: how many were read through.
        heads: how many.
        problems: a sentence each; () is a whole lineage.
    """

    versions: int
    heads: int
    problems: tuple[str, ...]


def verify(lineage: Lineage) -> Health:
    """Read every byte of every version, and follow every parent and every head."""
    ids, problems = lineage.ids(), []
    for id in ids:
        try:
            version = lineage.version(id)
        except OnwardError as error:
            problems.append(str(error))
            continue
        problems += lineage.damage(version)
        told, there = {*version.card.files, "card.json"}, {path.name for path in version.path.iterdir()}
        problems += [f"version {id[:8]}: {name} is not named by its card; remove it." for name in sorted(there - told)]
        if version.card.parent is not None and version.card.parent not in ids:
            problems.append(f"version {id[:8]}: its parent {version.card.parent[:8]} is gone; restore it from a copy.")
    heads = 0
    try:
        for head, id in lineage.heads.all().items():
            heads += 1
            if id not in ids:
                problems.append(f"head '{head}' names {id[:8]}, which is gone; move it with `onward promote` or roll back.")
    except OnwardError as error:
        problems.append(str(error))
    return Health(len(ids), heads, tuple(problems))
