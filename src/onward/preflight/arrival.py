"""What arrived, before anything is trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch

from onward.engine.check import check_shape
from onward.learner import Learner
from onward.method import Method
from onward.preflight.facts import Counts, Preflight, Scenario
from onward.preflight.shift import shift_of
from onward.preflight.warned import warnings_on
from onward.types import Data, known_as


def preflight(
    before: Learner,
    data: Data,
    old: Mapping[str, Data],
    method: Method,
    counts: Counts,
    seed: int,
    exemplar_free: bool = False,
) -> Preflight:
    """Return what arrived: its classes, its scenario, whether the domain has shifted, and what to beware of.

    Args:
        before: the version in use.
        data: what arrived.
        old: the old test sets that can be read, by source.
        method: of the update.
        counts: what was found while the data was read.
        seed: of what the test of a shift draws.
        exemplar_free: whether no example may be kept.

    Raises:
        InputError: when the model cannot take the data.
    """
    data, known = known_as(data, before.model.aliases), before.model.live
    facts = replace(tallied(data, known), **{**vars(counts), "overlap": dict(counts.overlap)})
    if known and len(data):
        check_shape(data, before.model)
        facts = replace(facts, shift=shift_of(before.model, data, old, seed))
    facts = replace(facts, scenario=scenario_of(facts, bool(known)))
    return replace(facts, warnings=warnings_on(facts, before, method, exemplar_free))


def tallied(data: Data, known: tuple[str, ...]) -> Preflight:
    """Return how many examples of which classes arrived, beside the classes that are known."""
    tally = torch.bincount(data.targets, minlength=len(data.classes)).tolist()
    counts = {name: n for name, n in zip(data.classes, tally, strict=True) if n}
    return Preflight(
        examples=len(data),
        counts=counts,
        old=tuple(name for name in counts if name in known),
        new=tuple(name for name in counts if name not in known),
        missing=tuple(name for name in known if name not in counts),
        imbalance=max(counts.values()) / min(counts.values()) if counts else 1.0,
    )


def scenario_of(facts: Preflight, begun: bool) -> Scenario:
    """Return which kind of update it is. begun: whether the model knows any class."""
    if not begun:
        return "first data"
    shifted = facts.shift is not None and facts.shift.shifted
    if facts.new:
        return "mixed" if shifted else "new classes"
    return "shifted domain" if shifted else "same classes"
