"""How a version's inputs are read from files: by its transform, and by the columns that it was trained on."""

from __future__ import annotations

from onward.datasets.reading import Care, Reading
from onward.errors import StoreError
from onward.nets.classifier import Classifier
from onward.release.rules import rules_of
from onward.store.lineage import Lineage, Version


def reading_for(
    lineage: Lineage,
    version: Version,
    model: Classifier,
    care: Care | None = None,
    workers: int = Reading.workers,
    labels: bool = True,
) -> Reading:
    """Return how files become what a version takes.

    Args:
        lineage: where its ancestors are.
        version: the one in use.
        model: its network.
        care: what is done about what cannot be used; None is as the lineage's file says.
        workers: threads that decode.
        labels: whether each example must have a class.

    Raises:
        InputError: with all problems of the lineage's file.
    """
    care, columns = care or rules_of(lineage).data, columns_of(lineage, version)
    return Reading(model.backbone.transform, care, workers=workers, columns=columns, labels=labels)


def columns_of(lineage: Lineage, version: Version) -> tuple[str, ...]:
    """Return the columns of numbers that a line of versions takes; () where it was not trained on a table."""
    card = version.card
    while not (card.data is not None and card.data.columns) and card.parent is not None:
        try:
            card = lineage.read(card.parent).card
        except StoreError:  # an ancestor is gone, and with it what it knew
            break
    return card.data.columns if card.data is not None else ()
