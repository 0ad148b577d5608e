"""What an update cost against training from scratch on all data so far."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache
from graphlib import TopologicalSorter

from onward.catalogue import parsed
from onward.errors import InputError, StoreError, counted
from onward.method import Chain
from onward.methods.joint import Joint
from onward.methods.scratch import Scratch
from onward.record import Cost, Share
from onward.store.card import Card
from onward.store.lineage import Lineage


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
    cards = Cards(lineage)
    line = line_of(cards, card)
    return None if line is None or card.record is None else measured(cards, line) or projected(line)


class Cards(dict[str, Card]):
    """The cards of a lineage by id, each read once, when it is asked for; of a long history only what counts here."""

    def __init__(self, lineage: Lineage) -> None:
        """Take the lineage as it is."""
        super().__init__()
        self.lineage = lineage

    def __missing__(self, id: str) -> Card:
        """Read a card.

        Raises:
            StoreError: when it is gone or damaged.
        """
        card = self.lineage.read(id).card
        record = None if card.record is None else replace(card.record, phases=())
        self[id] = replace(card, record=record, preflight=None, verdict=None, measures=(), class_map=(), kept=())
        return self[id]

    def readable(self) -> Iterator[tuple[str, Card]]:
        """Yield every version whose card can be read."""
        for id in self.lineage.ids():
            with suppress(StoreError):
                yield id, self[id]


def line_of(cards: Cards, card: Card) -> list[Card] | None:
    """Return a card and those of all versions that it came from, none before one that came from it; None: one is gone.

    A blend came from several, which came from one at last.
    """
    found, wanted = {"": card}, list(card.sources)
    try:
        while wanted:
            if (id := wanted.pop()) not in found:
                found[id] = cards[id]
                wanted += found[id].sources
    except StoreError:
        return None
    order = TopologicalSorter({id: each.sources for id, each in found.items()}).static_order()
    return [found[id] for id in order][::-1]


def measured(cards: Cards, line: Sequence[Card]) -> Share | None:
    """Return the share of what was trained from scratch on the same data; None where nothing was.

    Args:
        cards: of the lineage in which to look.
        line: of the update, the youngest card first.
    """
    if from_scratch(cards, line[0], line):
        return Share(1.0, "measured", "itself: it was trained from scratch", 1.0)
    rivals = [(card.created, id, card) for id, card in cards.readable() if from_scratch(cards, card, line)]
    if not rivals:
        return None
    _, id, rival = max(rivals, key=lambda each: each[:2])
    own, other = cost_of(line[0]), cost_of(rival)
    seconds = own.seconds / other.seconds if other.seconds else None
    return Share(own.flops / other.flops, "measured", f"version {id[:8]} ({rival.method})", seconds)


def cost_of(card: Card) -> Cost:
    """Return the bill of a version; of one that was not trained, nothing."""
    return card.record.cost if card.record else Cost()


def from_scratch(cards: Cards, card: Card, line: Sequence[Card]) -> bool:
    """Say whether a version was trained from scratch on what a line was trained on.

    Args:
        cards: of the lineage in which its ancestors are.
        card: its own.
        line: the youngest card first.
    """
    if card.data is None or not cost_of(card).flops or not told_of_all(line):
        return False
    methods = chain_of(card.method).methods
    if any(isinstance(each, Scratch) for each in methods):
        return card.data.examples == examples_of(line)
    if not any(isinstance(each, Joint) and each.start == "fresh" for each in methods):
        return False
    trained = [each for each in line_of(cards, card) or () if each.data is not None]
    throughout = all(any(isinstance(each, Joint) for each in chain_of(past.method).methods) for past in trained)
    return bool(trained) and throughout and prints_of(trained) == prints_of(line)


@cache
def chain_of(method: str) -> Chain:
    """Return the chain that a card tells of; the empty one where it is of a package that is not here."""
    try:
        return parsed(method)
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
