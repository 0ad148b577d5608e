"""The first version of a lineage."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from onward.errors import InputError
from onward.gate.measuring import measure
from onward.learner import Learner
from onward.nets.classifier import Classifier
from onward.release.held_out import examined
from onward.release.rules import CONFIG, Rules, rules_of, state
from onward.release.saving import saved
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
    rules: Rules | None = None,
) -> Version:
    """Put a model that was brought, or one that knows nothing yet, at the beginning of a lineage.

    Args:
        lineage: where it is kept.
        head: the name of the version in use.
        model: the first version.
        tests: sources of test sets.
        data_dir: where data sets by name are looked for.
        note: the user's words, for the card.
        rules: the lineage's; None is the usual ones, or what its file says already.

    Raises:
        InputError: when the head is there already or cannot be one, a test set cannot be read, or the lineage's file
            says other rules; before anything is written.
    """
    allow(head)
    if head in lineage.heads.all():
        raise InputError(f"there is a head '{head}' already; update it, or give the new one another name")
    if rules is not None and (lineage.path / CONFIG).exists() and rules_of(lineage) != rules:
        raise InputError(f"{lineage.path / CONFIG} is there and says other rules; change them in that file")
    learner = Learner(model.eval())
    held = [(source, examined(source, model, data_dir)) for source in dict.fromkeys(tests)]
    measures = [measure(source, data, learner, None, old=False) for source, data in held if model.classes]
    card = Card(net={}, tests=tuple(source for source, _ in held), measures=tuple(measures), note=note)
    version = saved(lineage, learner, card)
    lineage.promote(version.id, head)
    state(lineage, rules or Rules())
    return version
