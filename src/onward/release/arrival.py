"""What an update is asked to do, and everything it needs: read, checked, and told before anything is trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from onward.content import contents, digests
from onward.datasets.hygiene import cleaned
from onward.datasets.reading import Reading
from onward.datasets.source import taken
from onward.errors import InputError
from onward.learner import Learner
from onward.method import Chain, Method, chained
from onward.preflight.arrival import preflight
from onward.preflight.conflict import conflict
from onward.preflight.facts import Counts, Preflight
from onward.preflight.warned import of_rate
from onward.privacy import refuse_examples
from onward.release.held_out import HeldOut, tests_of
from onward.release.inputs import reading_for
from onward.release.rules import Rules, rules_of
from onward.settings import Settings
from onward.store.card import DataFacts
from onward.store.fingerprint import facts
from onward.store.lineage import Lineage
from onward.store.version import Version
from onward.types import Data, known_as, present


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
        care: what is done about data that is not as it should be, by the names of ``Care``, over what the lineage's
            file says.
        workers: threads that decode.
        exemplar_free: keep no example, whatever the lineage's file says.
        new_classes: names that look like those of known classes are new classes all the same.
    """

    source: str
    tests: tuple[str, ...] = ()
    method: Method | None = None
    settings: Settings = field(default_factory=Settings)
    seed: int = 0
    data_dir: Path | None = None
    note: str = ""
    care: Mapping[str, str] = field(default_factory=dict)
    workers: int = Reading.workers
    exemplar_free: bool = False
    new_classes: bool = False


@dataclass(frozen=True)
class Ready:
    """Everything an update needs, read and checked.

    Args:
        lineage: where it is kept.
        arrival: what to do.
        rules: the lineage's.
        heads: the id that each head named before anything was read.
        parent: the version in use.
        before: its learner.
        method: the update's.
        exemplar_free: whether no example may be kept.
        data: what arrived, without what was left out.
        facts: what the card tells of it.
        preflight: what is known of it before training.
        tests: the test sets that can be read; the lineage's own first.
        missing: sources of the lineage's test sets that cannot.
    """

    lineage: Lineage
    arrival: Arrival
    rules: Rules
    heads: Mapping[str, str]
    parent: Version
    before: Learner
    method: Chain
    exemplar_free: bool
    data: Data
    facts: DataFacts
    preflight: Preflight
    tests: tuple[HeldOut, ...]
    missing: tuple[str, ...]


def ready(lineage: Lineage, reference: str, arrival: Arrival) -> Ready:
    """Read the version in use, what arrived, and every test set; look at it all before anything is trained.

    Raises:
        InputError: when something that was given cannot be read or used.
        StoreError: when the version is not what its card says.
    """
    rules, heads, parent = rules_of(lineage), lineage.heads.all(), lineage.version(reference)
    before = lineage.load(parent.id)
    method = chained(before.method if arrival.method is None else arrival.method)
    exemplar_free = arrival.exemplar_free or rules.privacy.exemplar_free
    if exemplar_free:
        refuse_examples(method)
    reading = reading_for(lineage, parent, before.model, arrival.care, arrival.workers)
    came = taken(arrival.source, arrival.data_dir, reading)
    clash = None if arrival.new_classes else conflict(present(came.data), before.model)
    if clash is not None:
        raise InputError(clash)
    slices = {name: each.source for name, each in rules.gate.slices.items()}
    same = replace(reading, columns=came.columns or reading.columns)
    tests, missing = tests_of(lineage, parent, arrival.tests, before.model, arrival.data_dir, same, slices)
    data = known_as(came.data, before.model.aliases)
    content = contents(data)
    clean = cleaned(data, content, {test.source: digests(test.data) for test in tests}, reading.care)
    told = facts(clean.data, arrival.source, None if clean.dropped else content.fingerprint)
    counts = Counts(clean.duplicates, clean.contradictions, clean.overlap, len(came.unlabeled), len(came.corrupt))
    old = {test.source: test.data for test in tests if test.old}
    found = preflight(before, clean.data, old, method, counts, arrival.seed, exemplar_free)
    rate = of_rate(arrival.settings) if before.classes and parent.card.parent is None else ()
    return Ready(
        lineage=lineage,
        arrival=arrival,
        rules=rules,
        heads=heads,
        parent=parent,
        before=before,
        method=method,
        exemplar_free=exemplar_free,
        data=clean.data,
        facts=replace(told, columns=came.columns),
        preflight=replace(found, warnings=(*found.warnings, *rate)),
        tests=tests,
        missing=missing,
    )
