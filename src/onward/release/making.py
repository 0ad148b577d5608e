"""From what is ready to the next version: updated, judged, kept, and promoted if the gate lets it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

from onward.catalogue import written
from onward.engine.evaluate import judge
from onward.engine.log import Observer, silent
from onward.engine.update import update
from onward.gate import Verdict, judged
from onward.learner import Learner
from onward.metrics.flips import negative_flip_rate, positive_flip_rate
from onward.record import Measure
from onward.release.arrival import Ready
from onward.store.bill import share_of_scratch
from onward.store.card import Card
from onward.store.fingerprint import facts
from onward.store.heads import allow
from onward.store.lineage import Version
from onward.types import Data


@dataclass(frozen=True)
class Release:
    """What came of an update.

    Args:
        version: the new one, which is kept in any case.
        parent: the one it came from.
        verdict: what the gate said.
        promoted: whether a head names it now.
        share_of_scratch: the examples it trained on over those of training from scratch, projected: all data so far,
            as many passes; None when the lineage began with a model whose data is not known, or lacks an ancestor.
    """

    version: Version
    parent: Version
    verdict: Verdict
    promoted: bool
    share_of_scratch: float | None


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
    arrival, parent, lineage, before = going.arrival, going.parent, going.lineage, going.before
    settings, seed = arrival.settings, arrival.seed
    after, record = update(before, going.data, settings, seed, method=going.method, observe=observe)
    compared = before if before.classes else None
    measures = tuple(measure(test.source, test.data, after, compared, test.old) for test in going.tests)
    verdict = judged(going.rules.gate, measures, going.missing)
    card = Card(
        net={},
        method=written(after.method),
        settings=asdict(settings),
        seed=seed,
        parent=parent.id,
        data=facts(going.data, arrival.source),
        tests=tuple(dict.fromkeys((*parent.card.tests, *arrival.tests))),
        measures=measures,
        record=record,
        verdict=verdict,
        note=arrival.note,
    )
    version = lineage.save(after, card)
    done = Release(version, parent, verdict, False, share_of_scratch(lineage, version))
    if promote_to is None or not verdict.passed:
        return done
    lineage.promote(version.id, promote_to, expected=going.heads.get(promote_to))
    return replace(done, promoted=True)


def measure(source: str, data: Data, after: Learner, before: Learner | None, old: bool) -> Measure:
    """Return a version on a test set, beside its parent where that knows a class."""
    now = judge(after, data)
    if before is None:
        return Measure(source, len(data), now.accuracy, old=old)
    was = judge(before, data)
    # The parent's class ids are the child's: a lineage only appends. So both are judged by the child's targets.
    return Measure(
        source,
        len(data),
        now.accuracy,
        parent_accuracy=was.accuracy,
        negative_flips=negative_flip_rate(was.predicted, now.predicted, now.targets),
        positive_flips=positive_flip_rate(was.predicted, now.predicted, now.targets),
        old=old,
    )
