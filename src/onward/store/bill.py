"""What an update cost against training from scratch."""

from __future__ import annotations

from onward.errors import StoreError
from onward.store.lineage import Lineage, Version


def share_of_scratch(lineage: Lineage, version: Version) -> float | None:
    """Return the examples an update trained on over those of as many passes over all data of the lineage.

    Args:
        lineage: where the version's ancestors are; None is returned when one of them is not.
        version: what came of the update.
    """
    try:
        cards = [each.card for each in lineage.history(version.id)]
    except StoreError:
        return None
    record = version.card.record
    if record is None or cards[-1].classes:  # it began with a model that was brought
        return None
    examples = sum(card.data.examples for card in cards if card.data is not None)
    passes = max((phase.epochs for phase in record.phases), default=0)
    return record.cost.samples / (examples * passes) if examples and passes else None
