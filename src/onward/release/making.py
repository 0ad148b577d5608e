"""From what is ready to the next version: updated, judged, kept, and promoted if the gate lets it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch

from onward.catalogue import written
from onward.engine.log import Observer, silent
from onward.engine.update import update
from onward.errors import DivergedError
from onward.gate.verdict import Verdict
from onward.learner import Learner
from onward.privacy import refuse_held
from onward.record import Record
from onward.release.arrival import Ready
from onward.release.cut import identity, made_by
from onward.release.judging import Standard, judged_by_gate
from onward.release.saving import saved
from onward.settings import stated
from onward.store.bill import against_scratch
from onward.store.card import Card
from onward.store.heads import allow
from onward.store.journal import DiskJournal
from onward.store.line import so_far
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


def release(
    going: Ready, promote_to: str | None, observe: Observer = silent, journal: DiskJournal | None = None
) -> Release:
    """Make the next version: update, judge on every test set, pass through the gate, keep, promote.

    Args:
        going: what ``ready`` gave.
        promote_to: the head that is to name the new version if the gate lets it; None promotes nothing.
        observe: told of the training.
        journal: of this update, from which it goes on; over when all is done. None writes none.

    Raises:
        InputError, DivergedError: before any version is written.
        StoppedError: when the journal was asked to stop.
        StoreError: when the head has moved since ``ready``, and the new version is kept; or when the parent is gone
            since then, before anything is trained.
    """
    if promote_to is not None:
        allow(promote_to)
    lineage, found = going.lineage, journal is not None and journal.found
    with lineage.in_use():
        lineage.usable(going.parent.id)  # still there: what is trained from here can be kept
        version = (made_by(lineage, identity(going)) if found else None) or kept(going, observe, journal)
        done = released(lineage, version, going.parent, promote_to, going.heads)
    if journal is not None:
        journal.over = True
    return done


def kept(going: Ready, observe: Observer, journal: DiskJournal | None) -> Version:
    """Train, judge, and keep what comes of it.

    Raises:
        InputError, DivergedError, StoppedError, StoreError: as ``release``.
    """
    after, record = trained(going, observe, journal)
    if going.exemplar_free:
        refuse_held(after.kept, going.data)
    card = card_of(going, after, record)
    card = replace(card, so_far=so_far(going.lineage, card))
    first = going.data.take(torch.zeros(1, dtype=torch.int64)).inputs
    standard = Standard(going.rules.gate, going.before, going.tests, going.missing, first)
    card = judged_by_gate(standard, after, replace(card, share=against_scratch(going.lineage, card)))
    return saved(going.lineage, after, card)


def trained(going: Ready, observe: Observer, journal: DiskJournal | None) -> tuple[Learner, Record]:
    """Return what training makes. Where it diverges, its journal is over: from any entry it would again.

    Raises:
        InputError, DivergedError, StoppedError: as ``update``.
    """
    asked = going.arrival
    try:
        return update(
            going.before, going.data, asked.settings, asked.seed, method=going.method, observe=observe, journal=journal
        )
    except DivergedError:
        if journal is not None:
            journal.over = True
        raise


def card_of(going: Ready, after: Learner, record: Record) -> Card:
    """Return what a new version says of itself, but its judgement."""
    return Card(
        net=after.model.spec(),
        method=written(after.method),
        settings=stated(going.arrival.settings),
        seed=going.arrival.seed,
        parent=going.parent.id,
        data=going.facts,
        preflight=going.preflight,
        tests=tuple(dict.fromkeys((*going.parent.card.tests, *going.arrival.tests))),
        record=record,
        exemplar_free=going.exemplar_free,
        note=going.arrival.note,
    )


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
    with lineage.in_use():
        return released(lineage, saved(lineage, after, card), parent, promote_to, heads)


def released(
    lineage: Lineage, version: Version, parent: Version, promote_to: str | None, heads: Mapping[str, str]
) -> Release:
    """Let a head name a version that is kept, if the gate lets it; see ``placed``.

    Raises:
        StoreError: when the head has moved meanwhile.
    """
    verdict = version.card.verdict or Verdict(())
    promoted = promote_to is not None and verdict.passed
    if promote_to is not None and promoted:
        lineage.promote(version.id, promote_to, expected=heads.get(promote_to))
    return Release(version, parent, verdict, promoted)
