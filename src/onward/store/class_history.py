"""The class map of a version: from its own card, or as the cards of its ancestors tell it."""

from __future__ import annotations

from onward.errors import StoreError
from onward.nets.classifier import Classifier
from onward.store.card import Card
from onward.store.class_map import ClassFacts, class_map
from onward.store.lineage import Lineage
from onward.store.version import Version


def classes_of(lineage: Lineage, version: Version) -> tuple[ClassFacts, ...]:
    """Return the classes that a version knows; told by its ancestors, where its card is from before there was a map."""
    if version.card.class_map or not version.card.classes:
        return version.card.class_map
    try:
        line = lineage.history(version.id)
    except StoreError:  # an ancestor is gone: what can be told begins with the version itself
        line = [version]
    found, parent = (), ""
    for each in reversed(line):
        card = each.card
        counts = card.data.counts if card.data else {}
        found = card.class_map or class_map(found, parent, card.classes, card.net.get("aliases", {}), counts)
        parent = each.id
    return found


def continued(lineage: Lineage, model: Classifier, card: Card) -> tuple[ClassFacts, ...]:
    """Return the class map of a version that is about to be kept.

    Args:
        lineage: in which its parent is.
        model: the version's.
        card: its card, in which the parent and the data are told; a blend goes on from the version that knows most.

    Raises:
        InputError: when the model's classes do not go on from the parent's.
    """
    origin = card.parent if card.blend is None else card.blend.frame
    before = () if origin is None else classes_of(lineage, lineage.read(origin))
    counts = card.data.counts if card.data else {}
    return class_map(before, origin or "", model.classes, model.aliases, counts)
