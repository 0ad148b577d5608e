"""The first version of a lineage."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from onward.errors import InputError
from onward.learner import Learner
from onward.nets.classifier import Classifier
from onward.release.held_out import examined
from onward.release.making import measure
from onward.release.rules import Rules, state
from onward.store.card import Card
from onward.store.heads import allow
from onward.store.lineage import Lineage, Version


def begin(
    lineage: Lineage,
    head: str,
    model: Classifier,
    tests: Sequence[str] = (),
    data_dir: Path | None = None,
    note: str = "",
) -> Version:
    """Put a model that was brought, or one that knows nothing yet, at the beginning of a lineage.

    Raises:
        InputError: when the head is there already or cannot be one, or a test set cannot be read; before anything is
            written.
    """
    allow(head)
    if head in lineage.heads.all():
        raise InputError(f"there is a head '{head}' already; update it, or give the new one another name")
    learner = Learner(model.eval())
    held = [(source, examined(source, model, data_dir)) for source in dict.fromkeys(tests)]
    measures = [measure(source, data, learner, None, old=False) for source, data in held if model.classes]
    card = Card(net={}, tests=tuple(source for source, _ in held), measures=tuple(measures), note=note)
    version = lineage.save(learner, card)
    lineage.promote(version.id, head)
    state(lineage, Rules())
    return version
