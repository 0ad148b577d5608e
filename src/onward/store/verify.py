"""A lineage against its own cards."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from onward.errors import StoreError
from onward.store.lineage import Lineage
from onward.store.version import STRIPPED


@dataclass(frozen=True)
class Health:
    """What was looked at and what is wrong with it.

    Args:
        versions: how many were read through.
        heads: how many.
        problems: a sentence each; () is a whole lineage.
        stripped: of how many versions only the card was left, on purpose; see ``garbage``.
    """

    versions: int
    heads: int
    problems: tuple[str, ...]
    stripped: int = 0


def verify(lineage: Lineage) -> Health:
    """Read every byte of every version, and follow every parent and every head."""
    ids, heads = dict.fromkeys(lineage.ids()), lineage.heads.names()
    problems = [problem for id in ids for problem in wrong_with_version(lineage, id, ids)]
    problems += [problem for head in heads for problem in wrong_with_head(lineage, head, ids)]
    stripped = sum((lineage.versions / id / STRIPPED).exists() for id in ids)
    return Health(len(ids), len(heads), tuple(problems), stripped)


def wrong_with_version(lineage: Lineage, id: str, ids: Collection[str]) -> Iterator[str]:
    """Yield a sentence for each thing that is wrong with a version, of those of which there are these ids."""
    try:
        version = lineage.read(id)
        yield from version.damage()
    except StoreError as error:
        yield str(error)
        return
    told, there = {*version.card.files, "card.json", STRIPPED}, {path.name for path in version.path.iterdir()}
    yield from (f"version {id[:8]}: {name} is not named by its card; remove it." for name in sorted(there - told))
    gone = [source for source in version.card.sources if source not in ids]
    for source in gone:
        what = "its parent" if source == version.card.parent else "a part of its blend,"
        yield f"version {id[:8]}: {what} {source[:8]} is gone; restore it from a copy."


def wrong_with_head(lineage: Lineage, head: str, ids: Collection[str]) -> Iterator[str]:
    """Yield a sentence for each thing that is wrong with a head, or with a version that it may go back to."""
    try:
        *earlier, now = lineage.heads.moves(head)
    except StoreError as error:
        yield str(error)
        return
    if now not in ids:
        yield f"head '{head}' names {now[:8]}, which is gone; move it with `onward promote` or roll back."
    elif (lineage.versions / now / STRIPPED).exists():
        yield f"head '{head}' names {now[:8]}, whose tensors were taken away; move it with `onward promote`."
    for id in earlier:
        if id not in ids:
            yield f"head '{head}' may go back to {id[:8]}, which is gone; restore it from a copy."
