"""What an update is asked to do, and everything it needs: read, checked, and told before anything is trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from onward.datasets.source import read
from onward.learner import Learner
from onward.method import Chain, Method, chained
from onward.release.held_out import HeldOut, tests_of
from onward.release.rules import Rules, rules_of
from onward.settings import Settings
from onward.store.lineage import Lineage, Version
from onward.types import Data


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
        data: what arrived.
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
    data: Data
    tests: tuple[HeldOut, ...]
    missing: tuple[str, ...]


def ready(lineage: Lineage, reference: str, arrival: Arrival) -> Ready:
    """Read the version in use, what arrived, and every test set.

    Raises:
        InputError: when something that was given cannot be read.
        StoreError: when the version is not what its card says.
    """
    rules, heads, parent = rules_of(lineage), lineage.heads.all(), lineage.version(reference)
    before = lineage.load(parent.id)
    method = chained(before.method if arrival.method is None else arrival.method)
    data = read(arrival.source, arrival.data_dir)
    tests, missing = tests_of(lineage, parent, arrival.tests, before.model, arrival.data_dir)
    return Ready(lineage, arrival, rules, heads, parent, before, method, data, tests, missing)
