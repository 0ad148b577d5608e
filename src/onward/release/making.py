"""From what is ready to the next version: updated, judged, kept, and promoted if the gate lets it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch

from onward.catalogue import written
from onward.engine.log import Observer, silent
from onward.engine.update import update
from onward.gate.verdict import Verdict
from onward.learner import Learner
from onward.privacy import refuse_held
from onward.release.arrival import Ready
from onward.release.judging import Standard, judged_by_gate
from onward.release.saving import saved
from onward.settings import stated
from onward.store.bill import against_scratch
from onward.store.card import Card
from onward.store.heads import allow
from onward.store.lineage import Lineage
from onward.store.version import Version


@dataclass(frozen=True)
class Release:
    """What came of an update, or of a blend.

    Args:
        version: the new one, which is kept in any case.
        parent: the one it came from.
        verdict: what the gate said.
        promoted: whether a head names it now.
    """

    version: Version
    parent: Version
    verdict: Verdict
    promoted: bool


def release(going: Ready, promote_to: str | None, observe: Observer = silent) -> Release:
    """Make the next version: update, judge on every test set, pass through the gate, keep, promote.

    Args:
        going: what ``ready`` gave.
        promote_to: the head that is to name the new version if the gate lets it; None promotes nothing.
        observe: told of the training.

    Raises:
        InputError, DivergedError: before anything is written.
        StoreError: when the head has moved since ``ready``, and the new version is kept; or when the parent is gone
            since then, before anything is trained.
    """
    if promote_to is not None:
        allow(promote_to)
    with going.lineage.in_use():
        going.lineage.usable(going.parent.id)  # still there: what is trained from here can be kept
        after, card = trained(going, observe)
        return placed(going.lineage, after, card, going.parent, promote_to, going.heads)


def trained(going: Ready, observe: Observer) -> tuple[Learner, Card]:
    """Return what the update makes, and its card with the gate's verdict; see ``release``."""
    arrival, lineage = going.arrival, going.lineage
    after, record = update(
        going.before, going.data, arrival.settings, arrival.seed, method=going.method, observe=observe
    )
    if going.exemplar_free:
        refuse_held(after.kept, going.data)
    card = Card(
        net=after.model.spec(),
        method=written(after.method),
        settings=stated(arrival.settings),
        seed=arrival.seed,
        parent=going.parent.id,
        data=going.facts,
        preflight=going.preflight,
        tests=tuple(dict.fromkeys((*going.parent.card.tests, *arrival.tests))),
        record=record,
        exemplar_free=going.exemplar_free,
        note=arrival.note,
    )
    first = going.data.take(torch.zeros(1, dtype=torch.int64)).inputs
    standard = Standard(going.rules.gate, going.before, going.tests, going.missing, first)
    return after, judged_by_gate(standard, after, replace(card, share=against_scratch(lineage, card)))


def placed(
    lineage: Lineage, after: Learner, card: Card, parent: Version, promote_to: str | None, heads: Mapping[str, str]
) -> Release:
    """Keep a version that was judged, and let a head name it if the gate lets it.

    Args:
        lineage: where it is kept.
        after: its learner.
        card: with its verdict.
        parent: what it names as its parent.
        promote_to: the head; None promotes nothing.
        heads: the id that each head named before anything was read.

    Raises:
        InputError: when its classes do not go on from the parent's; nothing is written.
        StoreError: when the head has moved meanwhile; the new version is kept.
    """
    verdict = card.verdict or Verdict(())
    promoted = promote_to is not None and verdict.passed
    with lineage.in_use():
        version = saved(lineage, after, card)
        if promote_to is not None and promoted:
            lineage.promote(version.id, promote_to, expected=heads.get(promote_to))
    return Release(version, parent, verdict, promoted)
