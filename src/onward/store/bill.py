"""What an update cost against training from scratch on all data so far."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from onward.errors import StoreError, counted
from onward.methods.joint import Joint
from onward.methods.scratch import Scratch
from onward.record import Cost, Share
from onward.store.card import Card
from onward.store.line import chain_of, so_far
from onward.store.lineage import Lineage
from onward.store.so_far import SoFar


def against_scratch(lineage: Lineage, card: Card) -> Share | None:
    """Return the cost of an update over that of training from scratch, measured where it can be, else projected.

    It is *measured* where the update was one, or the lineage holds a version that was trained from scratch on the
    same data: the newest one with either

    - ``joint`` from fresh weights, where ``joint`` took part in every update of its line, so that it had all their
      data, and these are the data that this line was trained on, by their fingerprints;
    - ``scratch``, on as many examples as this line was trained on.

    Otherwise it is *projected*: the examples that the update took through the model over those of as many passes over
    all data so far.

    Args:
        lineage: where the ancestors are.
        card: of the update; its version need not be written yet.

    Returns:
        None where that cannot be said: no update was made, an ancestor is gone, or the lineage began with a model
        whose data was not told.
    """
    data = so_far(lineage, card)
    if data is None or not data.known or card.record is None:
        return None
    return measured(lineage, card, data) or projected(card, data)


def measured(lineage: Lineage, card: Card, data: SoFar) -> Share | None:
    """Return the share of what was trained from scratch on the same data; None where nothing was.

    Args:
        lineage: in which to look.
        card: of the update.
        data: what its line was trained on.
    """
    if from_scratch(card, data, data):
        return Share(1.0, "measured", "itself: it was trained from scratch", 1.0)
    rivals = [(rival.created, id, rival) for id, rival in alike(lineage, data)]
    if not rivals:
        return None
    _, id, rival = max(rivals, key=lambda each: each[:2])
    own, other = cost_of(card), cost_of(rival)
    seconds = own.seconds / other.seconds if other.seconds else None
    return Share(own.flops / other.flops, "measured", f"version {id[:8]} ({rival.method})", seconds)


def alike(lineage: Lineage, data: SoFar) -> Iterator[tuple[str, Card]]:
    """Yield every version that was trained from scratch on the same data, by id.

    Each tells of as many examples, of its own or of its line. To look for their number in the bytes of a card takes a
    hundredth of the time to read it, and a lineage may have thousands.
    """
    number = f'"examples": {data.examples}'.encode()
    for id in lineage.ids():
        with suppress(StoreError):
            if number in lineage.raw(id):
                card = lineage.read(id).card
                if from_scratch(card, so_far(lineage, card), data):
                    yield id, card


def cost_of(card: Card) -> Cost:
    """Return the bill of a version; of one that was not trained, nothing."""
    return card.record.cost if card.record else Cost()


def from_scratch(card: Card, own: SoFar | None, data: SoFar) -> bool:
    """Say whether a version was trained from scratch on some data.

    Args:
        card: of the version.
        own: what its line was trained on.
        data: what it is to have been.
    """
    if card.data is None or not cost_of(card).flops:
        return False
    methods = chain_of(card.method).methods
    if any(isinstance(each, Scratch) for each in methods):
        return card.data.examples == data.examples
    fresh = any(isinstance(each, Joint) and each.start == "fresh" for each in methods)
    return fresh and own is not None and own.joint and own.digest == data.digest


def projected(card: Card, data: SoFar) -> Share | None:
    """Return the share of as many passes over all data so far; None where none was made."""
    if card.record is None:
        return None
    through = [phase.epochs for phase in card.record.phases if not phase.on_features]
    passes = max(through, default=1)  # without a phase it was solved
    if not data.examples or not passes:
        return None
    of = f"{counted(passes, 'pass')} over all {counted(data.examples, 'example')} so far"
    return Share(card.record.cost.samples / (data.examples * passes), "projected", of)
