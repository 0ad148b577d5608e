"""The verdict of all rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from onward.gate.classes import on_falls, on_floors, pooled
from onward.gate.evidence import Evidence
from onward.gate.findings import above, fallen, flipped
from onward.gate.rules import Gate
from onward.gate.spending import within
from onward.gate.verdict import ACCURACY, Finding, Verdict
from onward.record import Measure


def judged(gate: Gate, evidence: Evidence) -> Verdict:
    """Return the verdict on a child.

    Args:
        gate: the rules.
        evidence: what is known of the child.
    """
    own = [measure for measure in evidence.measures if not measure.slice]
    sliced = {each.source for each in gate.slices.values()}
    findings = [*on_tests(gate, own, [test for test in evidence.missing if test not in sliced])]
    if gate.class_margin is not None:
        old = [measure for measure in own if measure.old]
        findings.append(on_falls(pooled(old), gate.class_margin, gate.confidence))
    findings += on_floors(pooled(own), gate.class_floors)
    findings += on_slices(gate, evidence.measures)
    findings += within(gate.budget, evidence)
    return Verdict(tuple(findings), unchecked_fails=gate.unchecked == "fail")


def on_tests(gate: Gate, measures: Sequence[Measure], missing: Sequence[str]) -> Iterator[Finding]:
    """Yield what is to be said of the lineage's test sets; on a new one a child has nothing to lose."""
    asked = [measure for measure in measures if measure.old or measure.parent_accuracy is None]
    for measure in asked:
        yield fallen(f"{ACCURACY} on {measure.test}", measure, gate.margin, gate.confidence)
        if measure.parent_accuracy is not None:
            yield flipped(measure, gate.negative_flips, gate.confidence)
    for test in missing:
        yield Finding(f"{ACCURACY} on {test}", "unchecked", "the test set cannot be read")
    if not asked and not missing:
        why = "there is no old test set, so nothing can be seen to fall; give one with --test"
        yield Finding(f"{ACCURACY} on old data", "unchecked", why)


def on_slices(gate: Gate, measures: Sequence[Measure]) -> Iterator[Finding]:
    """Yield what is to be said of the test sets that have rules of their own; they may be the lineage's as well."""
    found = {measure.test: measure for measure in measures}
    for name, asked in gate.slices.items():
        rule, measure = f"{ACCURACY} on slice {name}", found.get(asked.source)
        if measure is None:
            yield Finding(rule, "unchecked", f"the test set {asked.source} cannot be read")
            continue
        if asked.floor is not None:
            yield above(rule, measure.accuracy, asked.floor, measure.examples)
        if asked.margin is not None:
            yield fallen(rule, measure, asked.margin, gate.confidence)
