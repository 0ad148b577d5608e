"""One update of a lineage: the version in use and what arrived become the next version, judged and kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import tomli_w

from onward.catalogue import written
from onward.config import read_toml
from onward.datasets.source import read
from onward.engine.evaluate import judge
from onward.engine.log import Observer, silent
from onward.engine.update import update
from onward.errors import InputError
from onward.gate import Gate, Verdict, judged
from onward.learner import Learner
from onward.method import Method
from onward.metrics.flips import negative_flip_rate, positive_flip_rate
from onward.nets.classifier import Classifier
from onward.record import Measure, Record
from onward.schema import checked
from onward.settings import Settings
from onward.store.card import Card
from onward.store.fingerprint import facts
from onward.store.lineage import Lineage, Version
from onward.types import Data

CONFIG = "lineage.toml"
"""The file in a lineage's folder that holds its rules."""


@dataclass(frozen=True)
class Arrival:
    """What an update is asked to do.

    Args:
        source: of the new examples; see ``datasets.source``.
        tests: sources of test sets that come with them.
        method: None is the parent's own.
        settings: how to optimise.
        seed: of every random stream.
        data_dir: where data sets by name are looked for; None is the usual places.
        note: the user's words, for the card.
    """

    source: str
    tests: tuple[str, ...] = ()
    method: Method | None = None
    settings: Settings = field(default_factory=Settings)
    seed: int = 0
    data_dir: Path | None = None
    note: str = ""


@dataclass(frozen=True)
class Release:
    """What came of an update.

    Args:
        version: the new one, which is kept in any case.
        parent: the one it came from.
        promoted: whether a head names it now.
        share_of_scratch: its cost over that of training from scratch on all data so far, both projected from the
            floating-point operations of one example and the passes over the data; None when the lineage began with
            a model whose data is not known.
    """

    version: Version
    parent: Version
    promoted: bool
    share_of_scratch: float | None

    @property
    def verdict(self) -> Verdict:
        """What the gate said."""
        if self.version.card.verdict is None:
            raise InputError(f"version {self.version.short} has not been through the gate")
        return self.version.card.verdict


def begin(
    lineage: Lineage, head: str, model: Classifier, tests: Sequence[str] = (), data_dir: Path | None = None, note: str = ""
) -> Version:
    """Put a model that was brought, or one that knows nothing yet, at the beginning of a lineage.

    Raises:
        InputError: when the head is there already, or a test set cannot be read.
    """
    if head in lineage.heads.all():
        raise InputError(f"there is a head '{head}' already; update it, or give the new one another name")
    learner = Learner(model.eval())
    read_tests = [(source, read(source, data_dir)) for source in tests]
    measures = tuple(measure(source, data, learner, None, old=False) for source, data in read_tests) if model.classes else ()
    version = lineage.save(learner, Card(net={}, tests=tuple(tests), measures=measures, note=note))
    lineage.promote(version.id, head)
    config = lineage.path / CONFIG
    if not config.exists():
        config.write_text(tomli_w.dumps({"gate": asdict(Gate())}), encoding="utf-8")
    return version


def gate_of(lineage: Lineage) -> Gate:
    """Return the rules that a lineage's file states, or the usual ones.

    Raises:
        InputError: with all problems of the file.
    """
    path = lineage.path / CONFIG
    values = read_toml(path) if path.exists() else {}
    return checked(Gate, values.get("gate", {}), f"[gate] of {path}")


def release(
    lineage: Lineage,
    reference: str,
    arrival: Arrival,
    promote_to: str | None,
    observe: Observer = silent,
    stage: Callable[[str], None] = lambda name: None,
) -> Release:
    """Make the next version: read, update, judge on every test set, pass through the gate, keep, promote.

    Args:
        lineage: where it is kept.
        reference: the version in use.
        arrival: what to do.
        promote_to: the head that is to name the new version if the gate lets it; None promotes nothing.
        observe: told of the training.
        stage: told the name of each stage as it begins: ``read``, ``train``, ``evaluate``, ``keep``.

    Raises:
        InputError, StoreError, DivergedError: before anything is written; the head stays where it is.
    """
    gate, parent = gate_of(lineage), lineage.version(reference)
    stage("read")
    before, data = lineage.load(parent.id), read(arrival.source, arrival.data_dir)
    tests, missing = test_sets(parent, arrival)
    stage("train")
    after, record = update(before, data, arrival.settings, arrival.seed, method=arrival.method, observe=observe)
    stage("evaluate")
    judged_by = before if before.classes else None
    measures = tuple(measure(s, d, after, judged_by, old=s in parent.card.tests) for s, d in tests)
    card = Card(
        net={},
        method=written(after.method),
        settings=asdict(arrival.settings),
        seed=arrival.seed,
        parent=parent.id,
        data=facts(data, arrival.source),
        tests=tuple(dict.fromkeys((*parent.card.tests, *arrival.tests))),
        measures=measures,
        record=record,
        verdict=judged(gate, measures, missing),
        note=arrival.note,
    )
    stage("keep")
    version = lineage.save(after, card)
    promoted = promote_to is not None and card.verdict is not None and card.verdict.passed
    if promoted and promote_to is not None:
        lineage.promote(version.id, promote_to, expected=lineage.heads.all().get(promote_to))
    return Release(version, parent, promoted, share_of_scratch(lineage.history(version.id), record))


def test_sets(parent: Version, arrival: Arrival) -> tuple[list[tuple[str, Data]], list[str]]:
    """Return the test sets that can be read, by source, and the old ones that cannot.

    Raises:
        InputError: when one that came with the arrival cannot be read.
    """
    tests, missing = [], []
    for source in parent.card.tests:
        try:
            tests.append((source, read(source, arrival.data_dir)))
        except InputError:
            missing.append(source)
    new = [source for source in arrival.tests if source not in parent.card.tests]
    return tests + [(source, read(source, arrival.data_dir)) for source in new], missing


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


def share_of_scratch(line: Iterable[Version], record: Record) -> float | None:
    """Return an update's operations over those of training on all data of the lineage as often as it trained on its own.

    Args:
        line: the version and its ancestors, the youngest first.
        record: the update's.
    """
    cards = [version.card for version in line]
    if cards[-1].net.get("classes") or record.cost.samples == 0:  # it began with a model that was brought
        return None
    examples = sum(card.data.examples for card in cards if card.data is not None)
    passes = max(phase.epochs for phase in record.phases)
    return record.cost.samples / (examples * passes) if examples and passes else None
