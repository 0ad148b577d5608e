"""What an update cost against training from scratch on all data so far."""

from __future__ import annotations

from collections.abc import Sequence
from graphlib import TopologicalSorter

from onward.catalogue import parsed
from onward.errors import InputError, StoreError, counted
from onward.method import Chain
from onward.methods.joint import Joint
from onward.methods.scratch import Scratch
from onward.record import Cost, Share
from onward.store.card import Card
from onward.store.lineage import Lineage
from onward.store.version import Version


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
    line = line_of(lineage, card)
    return None if line is None or card.record is None else measured(lineage, line) or projected(line)


def line_of(lineage: Lineage, card: Card) -> list[Card] | None:
    """Return a card and those of all versions that it came from, none before one that came from it; None: one is gone.

    A blend came from several, which came from one at last.
    """
    cards, wanted = {"": card}, list(card.sources)
    try:
        while wanted:
            if (id := wanted.pop()) not in cards:
                cards[id] = lineage.read(id).card
                wanted += cards[id].sources
    except StoreError:
        return None
    order = TopologicalSorter({id: each.sources for id, each in cards.items()}).static_order()
    return [cards[id] for id in order][::-1]


def measured(lineage: Lineage, line: Sequence[Card]) -> Share | None:
    """Return the share of what was trained from scratch on the same data; None where nothing was.

    Args:
        lineage: in which to look.
        line: of the update, the youngest card first.
    """
    if from_scratch(lineage, line[0], line):
        return Share(1.0, "measured", "itself: it was trained from scratch", 1.0)
    rivals = [each for each in readable(lineage) if from_scratch(lineage, each.card, line)]
    if not rivals:
        return None
    rival = max(rivals, key=lambda each: (each.card.created, each.id))
    own, other = cost_of(line[0]), cost_of(rival.card)
    seconds = own.seconds / other.seconds if other.seconds else None
    return Share(own.flops / other.flops, "measured", f"version {rival.short} ({rival.card.method})", seconds)


def readable(lineage: Lineage) -> list[Version]:
    """Return every version whose card can be read."""
    found = []
    for id in lineage.ids():
        try:
            found.append(lineage.read(id))
        except StoreError:
            continue
    return found


def cost_of(card: Card) -> Cost:
    """Return the bill of a version; of one that was not trained, nothing."""
    return card.record.cost if card.record else Cost()


def from_scratch(lineage: Lineage, card: Card, line: Sequence[Card]) -> bool:
    """Say whether a version was trained from scratch on what a line was trained on.

    Args:
        lineage: where its ancestors are.
        card: its own.
        line: the youngest card first.
    """
    if card.data is None or not cost_of(card).flops or not told_of_all(line):
        return False
    methods = chain_of(card).methods
    if any(isinstance(each, Scratch) for each in methods):
        return card.data.examples == examples_of(line)
    if not any(isinstance(each, Joint) and each.start == "fresh" for each in methods):
        return False
    trained = [each for each in line_of(lineage, card) or () if each.data is not None]
    throughout = all(any(isinstance(each, Joint) for each in chain_of(past).methods) for past in trained)
    return bool(trained) and throughout and prints_of(trained) == prints_of(line)


def chain_of(card: Card) -> Chain:
    """Return the method of a version; the empty chain where it is of a package that is not here."""
    try:
        return parsed(card.method)
    except InputError:
        return Chain()


def told_of_all(line: Sequence[Card]) -> bool:
    """Say whether all that a line was trained on is known: it began with nothing, or with a model whose data is told.

    Args:
        line: the youngest card first.
    """
    return not line[-1].classes or line[-1].data is not None


def examples_of(line: Sequence[Card]) -> int:
    """Return how many examples a line was trained on."""
    return sum(card.data.examples for card in line if card.data is not None)


def prints_of(line: Sequence[Card]) -> set[str]:
    """Return the fingerprints of what a line was trained on; data that was told and never seen has "" for one."""
    return {card.data.fingerprint for card in line if card.data is not None}


def projected(line: Sequence[Card]) -> Share | None:
    """Return the share of as many passes over all data of a line, the youngest first; None where it is not known."""
    record, examples = line[0].record, examples_of(line)
    if record is None or not told_of_all(line):
        return None
    through = [phase.epochs for phase in record.phases if not phase.on_features]
    passes = max(through, default=1)  # without a phase it was solved
    if not examples or not passes:
        return None
    of = f"{counted(passes, 'pass')} over all {counted(examples, 'example')} so far"
    return Share(record.cost.samples / (examples * passes), "projected", of)
