"""How every version is kept: with the map of its classes, and a model card beside its own."""

from __future__ import annotations

from dataclasses import replace

from onward.learner import Learner
from onward.report.model_card import README, model_card
from onward.store.card import Card, described
from onward.store.class_history import continued
from onward.store.line import so_far
from onward.store.lineage import Lineage
from onward.store.version import Version


def saved(lineage: Lineage, learner: Learner, card: Card) -> Version:
    """Write a version. What its card can be told by the learner and by its ancestors is filled in.

    Raises:
        InputError: when the learner's classes do not go on from the parent's; nothing is written.
        StoreError: when it cannot be written.
    """
    card = described(learner, replace(card, class_map=continued(lineage, learner.model, card)))
    card = replace(card, so_far=so_far(lineage, card))
    return lineage.save(learner, card, {README: model_card(card).encode(errors="backslashreplace")})
