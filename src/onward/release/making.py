"""From what is ready to the next version: updated, judged, kept, and promoted if the gate lets it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

import torch

from onward.catalogue import written
from onward.engine.latency import latency_ratio
from onward.engine.log import Observer, silent
from onward.engine.update import update
from onward.gate.evidence import Evidence
from onward.gate.judging import judged
from onward.gate.measuring import measure
from onward.gate.verdict import Verdict
from onward.learner import Learner
from onward.nets.classifier import Classifier
from onward.privacy import refuse_held
from onward.release.arrival import Ready
from onward.release.saving import saved
from onward.store.bill import against_scratch
from onward.store.card import Card
from onward.store.heads import allow
from onward.store.lineage import Version


@dataclass(frozen=True)
class Release:
    """What came of an update.

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
        StoreError: when the head has moved since ``ready``; the new version is kept.
    """
    if promote_to is not None:
        allow(promote_to)
    arrival, lineage = going.arrival, going.lineage
    after, record = update(
        going.before, going.data, arrival.settings, arrival.seed, method=going.method, observe=observe
    )
    if going.exemplar_free:
        refuse_held(after.kept, going.data)
    card = Card(
        net=after.model.spec(),
        method=written(after.method),
        settings=asdict(arrival.settings),
        seed=arrival.seed,
        parent=going.parent.id,
        data=going.facts,
        preflight=going.preflight,
        tests=tuple(dict.fromkeys((*going.parent.card.tests, *arrival.tests))),
        record=record,
        exemplar_free=going.exemplar_free,
        note=arrival.note,
    )
    card = judged_by_gate(going, after, replace(card, share=against_scratch(lineage, card)))
    verdict, version = card.verdict or Verdict(()), saved(lineage, after, card)
    promoted = promote_to is not None and verdict.passed
    if promote_to is not None and promoted:
        lineage.promote(version.id, promote_to, expected=going.heads.get(promote_to))
    return Release(version, going.parent, verdict, promoted)


def judged_by_gate(going: Ready, after: Learner, card: Card) -> Card:
    """Return a new version's card with what it does on every test set beside its parent, and what the gate says."""
    before, gate = going.before, going.rules.gate
    compared = before if before.classes else None
    measures = tuple(measure(t.source, t.data, after, compared, t.old, t.slice) for t in going.tests)
    timed = gate.budget.latency is not None and compared is not None
    evidence = Evidence(
        measures=measures,
        missing=going.missing,
        cost=card.record.cost if card.record else None,
        share=card.share,
        latency=slower(going, after) if timed else None,
        parameters=size_of(after.model) / size_of(before.model),
    )
    return replace(card, measures=measures, verdict=judged(gate, evidence))


def slower(going: Ready, after: Learner) -> float:
    """Return the child's time to predict one example over the parent's."""
    return latency_ratio(after, going.before, going.data.take(torch.zeros(1, dtype=torch.int64)).inputs)


def size_of(model: Classifier) -> int:
    """Return the number of parameters."""
    return sum(parameter.numel() for parameter in model.parameters())
