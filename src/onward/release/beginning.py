"""The first version of a lineage."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from onward.errors import InputError
from onward.gate.measuring import measure
from onward.learner import Learner
from onward.nets.classifier import Classifier
from onward.release.held_out import examined
from onward.release.rules import CONFIG, Privacy, Rules, rules_of, state
from onward.release.saving import saved
from onward.store.card import Card, DataFacts
from onward.store.heads import allow
from onward.store.lineage import Lineage
from onward.store.version import Version

TOLD = "told at init"
"""The source of data that a user tells of, and that was never seen here."""


def begin(
    lineage: Lineage,
    head: str,
    model: Classifier,
    tests: Sequence[str] = (),
    data_dir: Path | None = None,
    note: str = "",
    trained_on: int | None = None,
    exemplar_free: bool = False,
) -> Version:
    """Put a model that was brought, or one that knows nothing yet, at the beginning of a lineage.

    What it is, and what it has seen, only the user knows: hence many arguments.

    Args:
        lineage: where it is kept.
        head: the name of the version in use.
        model: the first version.
        tests: sources of test sets.
        data_dir: where data sets by name are looked for.
        note: the user's words, for the card.
        trained_on: examples that a trained model has seen, by which the cost of training from scratch is projected;
            None is not known.
        exemplar_free: let the lineage's file say that no version may keep an example.

    Raises:
        InputError: when the head is there already or cannot be one, a test set cannot be read, or the lineage's file
            says otherwise; before anything is written.
    """
    allow(head)
    if head in lineage.heads.all():
        raise InputError(f"there is a head '{head}' already; update it, or give the new one another name")
    if trained_on is not None and (trained_on < 1 or not model.classes):
        raise InputError(f"trained_on is the number of examples that a trained model has seen, got {trained_on}")
    rules = Rules(privacy=Privacy(exemplar_free))
    if exemplar_free and (lineage.path / CONFIG).exists() and rules_of(lineage).privacy != rules.privacy:
        raise InputError(f"{lineage.path / CONFIG} allows examples to be kept; change exemplar_free in that file")
    learner = Learner(model.eval())
    held = [(source, examined(source, model, data_dir)) for source in dict.fromkeys(tests)]
    measures = [measure(source, data, learner, None, old=False) for source, data in held if model.classes]
    card = Card(
        net={},
        data=None if trained_on is None else DataFacts(TOLD, trained_on, {}, ""),
        tests=tuple(source for source, _ in held),
        measures=tuple(measures),
        note=note,
        exemplar_free=exemplar_free,
    )
    with lineage.in_use():
        version = saved(lineage, learner, card)
        lineage.promote(version.id, head)
        state(lineage, rules)
    return version
