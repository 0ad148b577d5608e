"""One update of a lineage: the version in use and what arrived become the next version, judged and kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import tomli_w

from onward.catalogue import written
from onward.config import read_toml
from onward.datasets.source import read
from onward.engine.check import check_shape
from onward.engine.evaluate import judge
from onward.engine.log import Observer, silent
from onward.engine.update import update
from onward.errors import InputError
from onward.gate import Gate, Rules, Verdict, judged
from onward.learner import Learner
from onward.method import Method
from onward.metrics.flips import negative_flip_rate, positive_flip_rate
from onward.nets.classifier import Classifier
from onward.record import Measure
from onward.schema import checked
from onward.settings import Settings
from onward.store import files
from onward.store.bill import share_of_scratch
from onward.store.card import Card
from onward.store.fingerprint import facts
from onward.store.heads import allow
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
    held = [(source, examined(source, data_dir, model)) for source in dict.fromkeys(tests)]
    measures = [measure(source, data, learner, None, old=False) for source, data in held if model.classes]
    card = Card(net={}, tests=tuple(source for source, _ in held), measures=tuple(measures), note=note)
    version = lineage.save(learner, card)
    lineage.promote(version.id, head)
    config = lineage.path / CONFIG
    if not config.exists():
        with files.writing_to(lineage.path):
            files.replace(config, tomli_w.dumps(asdict(Rules())).encode())
    return version


def examined(source: str, data_dir: Path | None, model: Classifier) -> Data:
    """Return the examples of a test set that the model can be judged on.

    Raises:
        InputError: when they cannot be read, or the model cannot take them.
    """
    data = read(source, data_dir)
    try:
        check_shape(data, model)
    except InputError as error:
        raise InputError(f"the test set {source}: {error}") from error
    return data


def gate_of(lineage: Lineage) -> Gate:
    """Return the rules that a lineage's file states, or the usual ones.

    Raises:
        InputError: with all problems of the file.
    """
    path = lineage.path / CONFIG
    return checked(Rules, read_toml(path), str(path)).gate if path.exists() else Gate()


@dataclass(frozen=True)
class Ready:
    """Everything an update needs, read and checked.

    Args:
        lineage: where it is kept.
        arrival: what to do.
        gate: the rules.
        heads: the id that each head named before anything was read.
        parent: the version in use.
        before: its learner.
        data: what arrived.
        tests: the test sets that can be read, by source; the lineage's own first.
        missing: sources of the lineage's test sets that cannot.
    """

    lineage: Lineage
    arrival: Arrival
    gate: Gate
    heads: Mapping[str, str]
    parent: Version
    before: Learner
    data: Data
    tests: tuple[tuple[str, Data], ...]
    missing: tuple[str, ...]


def ready(lineage: Lineage, reference: str, arrival: Arrival) -> Ready:
    """Read the version in use, what arrived, and every test set.

    Raises:
        InputError: when something that was given cannot be read.
        StoreError: when the version is not what its card says.
    """
    gate, heads, parent = gate_of(lineage), lineage.heads.all(), lineage.version(reference)
    before, data = lineage.load(parent.id), read(arrival.source, arrival.data_dir)
    tests, missing = [], []
    for source in parent.card.tests:
        try:
            tests.append((source, examined(source, arrival.data_dir, before.model)))
        except InputError:
            missing.append(source)
    new = [source for source in dict.fromkeys(arrival.tests) if source not in parent.card.tests]
    tests += [(source, examined(source, arrival.data_dir, before.model)) for source in new]
    return Ready(lineage, arrival, gate, heads, parent, before, data, tuple(tests), tuple(missing))


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
    after, record = update(before, going.data, settings, seed, method=arrival.method, observe=observe)
    compared = before if before.classes else None
    measures = tuple(measure(s, d, after, compared, old=s in parent.card.tests) for s, d in going.tests)
    verdict = judged(going.gate, measures, going.missing)
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
