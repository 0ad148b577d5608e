"""The version that comes of an act."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from onward.catalogue import written
from onward.gate.measuring import measure
from onward.learner import Learner
from onward.record import Measure, Score
from onward.release.held_out import tests_of
from onward.release.saving import saved
from onward.store.card import Card
from onward.store.heads import allow
from onward.store.lineage import Lineage
from onward.store.version import Version


@dataclass(frozen=True)
class Origin:
    """The version in use, to be amended.

    Args:
        lineage: where it is kept.
        parent: what it is.
        before: its learner.
        head: what is to name the child; None is nothing.
        heads: the id that each head named before anything was done.
    """

    lineage: Lineage
    parent: Version
    before: Learner
    head: str | None
    heads: Mapping[str, str]


def origin(lineage: Lineage, reference: str, head: str | None) -> Origin:
    """Return the version in use.

    Raises:
        InputError: when the reference leads nowhere, or the head cannot be one.
        StoreError: when the version is not what its card says.
    """
    if head is not None:
        allow(head)
    heads, parent = lineage.heads.all(), lineage.version(reference)
    return Origin(lineage, parent, lineage.load(parent.id), head, heads)


def child(start: Origin, after: Learner, act: str, measures: Sequence[Measure]) -> Version:
    """Keep what came of an act as a version, and let the head name it. No gate is passed: nothing was trained.

    Raises:
        StoreError: when the head has moved meanwhile; the new version is kept.
    """
    parent = start.parent.card
    card = Card(
        net={},
        method=written(after.method),
        act=act,
        seed=parent.seed,
        parent=start.parent.id,
        tests=parent.tests,
        measures=tuple(measures),
        exemplar_free=parent.exemplar_free,
    )
    with start.lineage.in_use():
        version = saved(start.lineage, after, card)
        if start.head is not None:
            start.lineage.promote(version.id, start.head, expected=start.heads.get(start.head))
    return version


def as_before(measures: Sequence[Measure], names: Mapping[str, str] | None = None) -> tuple[Measure, ...]:
    """Return the parent's measures as those of a child that predicts the same.

    Args:
        measures: the parent's.
        names: of classes that the child knows by another one.
    """
    return tuple(
        replace(
            each,
            parent_accuracy=each.accuracy,
            negative_flips=0.0,
            positive_flips=0.0,
            old=True,
            by_class={
                (names or {}).get(name, name): Score(score.examples, score.right, score.right, 0)
                for name, score in each.by_class.items()
            },
        )
        for each in measures
    )


def measured_anew(start: Origin, after: Learner, data_dir: Path | None) -> tuple[Measure, ...]:
    """Return the child on each test set of the lineage that can be read, beside its parent."""
    tests, _ = tests_of(start.lineage, start.parent, (), after.model, data_dir)
    return tuple(measure(each.source, each.data, after, start.before, each.old, each.slice) for each in tests)
