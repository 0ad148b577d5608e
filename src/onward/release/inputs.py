"""How a version's inputs are read from files: by its transform, and by the columns that it was trained on."""

from __future__ import annotations

from collections.abc import Mapping

from onward.datasets.reading import Reading
from onward.nets.classifier import Classifier
from onward.release.rules import rules_of
from onward.store.line import so_far
from onward.store.lineage import Lineage
from onward.store.version import Version


def reading_for(
    lineage: Lineage,
    version: Version,
    model: Classifier,
    said: Mapping[str, str] | None = None,
    workers: int = Reading.workers,
    labels: bool = True,
) -> Reading:
    """Return how files become what a version takes.

    Args:
        lineage: where its ancestors are.
        version: the one in use.
        model: its network.
        said: what is done about what cannot be used, by the names of ``Care``, over what the lineage's file says.
        workers: threads that decode.
        labels: whether each example must have a class.

    Raises:
        InputError: with all problems of the lineage's file.
    """
    care, columns = rules_of(lineage).care(said or {}), columns_of(lineage, version)
    return Reading(model.backbone.transform, care, workers=workers, columns=columns, labels=labels)


def columns_of(lineage: Lineage, version: Version) -> tuple[str, ...]:
    """Return the columns of numbers that a line of versions takes; () where it was not trained on a table."""
    found = so_far(lineage, version.card)
    return () if found is None else found.columns
