"""How a child comes to its verdict: measured on every test set beside the version in use, and put before the gate."""

from __future__ import annotations

from dataclasses import dataclass, replace

from torch import Tensor

from onward.engine.latency import latency_ratio
from onward.gate.evidence import Evidence
from onward.gate.judging import judged
from onward.gate.measuring import measure
from onward.gate.rules import Gate
from onward.learner import Learner
from onward.nets.classifier import Classifier
from onward.release.held_out import HeldOut
from onward.store.card import Card


@dataclass(frozen=True)
class Standard:
    """What a child is held against.

    Args:
        gate: the lineage's rules.
        before: the version in use.
        tests: the test sets that can be read.
        missing: sources of the lineage's test sets that cannot.
        example: an input, (1, *shape), on which the time to predict is taken; None takes none.
    """

    gate: Gate
    before: Learner
    tests: tuple[HeldOut, ...]
    missing: tuple[str, ...] = ()
    example: Tensor | None = None


def judged_by_gate(standard: Standard, after: Learner, card: Card) -> Card:
    """Return a new version's card with what it does on every test set beside its parent, and what the gate says."""
    before, gate = standard.before, standard.gate
    compared = before if before.classes else None
    measures = tuple(measure(t.source, t.data, after, compared, t.old, t.slice) for t in standard.tests)
    timed = gate.budget.latency is not None and compared is not None and standard.example is not None
    evidence = Evidence(
        measures=measures,
        missing=standard.missing,
        cost=card.record.cost if card.record else None,
        share=card.share,
        latency=latency_ratio(after, before, standard.example) if timed else None,
        parameters=size_of(after.model) / size_of(before.model),
    )
    return replace(card, measures=measures, verdict=judged(gate, evidence))


def size_of(model: Classifier) -> int:
    """Return the number of parameters."""
    return sum(parameter.numel() for parameter in model.parameters())
