"""All that a version came from, and what it was trained on: on its card, or as the cards of its ancestors tell it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from graphlib import TopologicalSorter

from onward.catalogue import parsed
from onward.errors import InputError, StoreError
from onward.method import Chain
from onward.methods.joint import Joint
from onward.store.card import Card
from onward.store.lineage import Lineage
from onward.store.so_far import SoFar, summed


def so_far(lineage: Lineage, card: Card) -> SoFar | None:
    """Return what a version and all that it came from were trained on.

    One card is read where the parent's says so. All of them are where there are several sources, whose lines meet, and
    where cards are from before they said so.

    Args:
        lineage: where the ancestors are.
        card: of the version, which need not be written yet.

    Returns:
        None where that cannot be told: a version that would have to be read is gone or damaged.
    """
    if card.so_far is not None:
        return card.so_far
    try:
        (origin,) = card.sources if len(card.sources) == 1 else ("",)
        before = lineage.read(origin).card.so_far if origin else None
    except StoreError:
        return None
    if before is not None:
        return gone_on(before, card)
    line = line_of(lineage, card)
    return None if line is None else told_by(reversed(line))


def told_by(cards: Iterable[Card]) -> SoFar:
    """Return what the versions of some cards were trained on in all; the first of them is the oldest."""
    oldest, *others = cards
    found = gone_on(SoFar(known=not oldest.classes or oldest.data is not None), oldest)
    for card in others:
        found = gone_on(found, card)
    return found


def gone_on(before: SoFar, card: Card) -> SoFar:
    """Return what a version was trained on in all, by what came before and by its own card."""
    if card.data is None:
        return before
    return SoFar(
        before.examples + card.data.examples,
        before.known,
        before.joint and any(isinstance(each, Joint) for each in chain_of(card.method).methods),
        card.data.columns or before.columns,
        summed(before.digest, card.data.fingerprint),
    )


def line_of(lineage: Lineage, card: Card) -> list[Card] | None:
    """Return a card and those of all versions that it came from, none before one that came from it; None: one is gone.

    A blend came from several, which came from one at last. Of a long line only what counts here is held.
    """
    found, wanted = {"": card}, list(card.sources)
    try:
        while wanted:
            if (id := wanted.pop()) not in found:
                read = lineage.read(id).card
                found[id] = replace(read, record=None, preflight=None, verdict=None, measures=(), class_map=(), kept=())
                wanted += found[id].sources
    except StoreError:
        return None
    order = TopologicalSorter({id: each.sources for id, each in found.items()}).static_order()
    return [found[id] for id in order][::-1]


@cache
def chain_of(method: str) -> Chain:
    """Return the chain that a card tells of; the empty one where it is of a package that is not here."""
    try:
        return parsed(method)
    except InputError:
        return Chain()
