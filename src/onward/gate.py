"""Whether a new version may replace the one in use."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Literal

from onward.errors import hold
from onward.record import Measure


@dataclass(frozen=True)
class Gate:
    """The rules of a lineage.

    Args:
        margin: how far accuracy on an old test set may fall below the parent's, as a share in [0, 1].
        negative_flips: the largest share of an old test set that the parent had right and the child has wrong.
    """

    margin: float = 0.01
    negative_flips: float = 0.05

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    def __post_init__(self) -> None:
        """Refuse values outside their ranges."""
        rules = {
            "margin must be in [0, 1]": 0 <= self.margin <= 1,
            "negative_flips must be in [0, 1]": 0 <= self.negative_flips <= 1,
        }
        hold(rules, vars(self))


@dataclass(frozen=True)
class Finding:
    """What one rule says. ``unchecked`` is no pass: it says that nothing could be said."""

    rule: str
    status: Literal["pass", "fail", "unchecked"]
    told: str


@dataclass(frozen=True)
class Verdict:
    """What all rules say."""

    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """Whether no rule is broken."""
        return all(finding.status != "fail" for finding in self.findings)

    @property
    def unchecked(self) -> int:
        """How many rules could not be checked."""
        return sum(finding.status == "unchecked" for finding in self.findings)

    @property
    def told(self) -> str:
        """One line."""
        count = {status: sum(f.status == status for f in self.findings) for status in ("pass", "fail", "unchecked")}
        parts = [f"{count['pass']} of {len(self.findings)} rules hold"]
        parts += [f"{count['fail']} broken"] * bool(count["fail"])
        parts += [f"{count['unchecked']} could not be checked"] * bool(count["unchecked"])
        return ", ".join(parts)


def judged(gate: Gate, measures: Iterable[Measure], missing: Iterable[str] = ()) -> Verdict:
    """Return the verdict on a child.

    Args:
        gate: the rules.
        measures: the child on every test set that could be read, beside its parent.
        missing: old test sets that could not be read.
    """
    told = [measure for measure in measures if measure.old or measure.parent_accuracy is None]
    findings = [finding for measure in told for finding in on_one(gate, measure)]
    findings += [Finding(f"accuracy on {test}", "unchecked", "the test set cannot be read") for test in missing]
    if not findings:
        findings = [Finding("accuracy on old data", "unchecked", "there is no old test set; give one with --test")]
    return Verdict(tuple(findings))


def on_one(gate: Gate, measure: Measure) -> tuple[Finding, ...]:
    """Return what the rules say of one test set; where the parent knew no class, no rule can be broken."""
    rule = f"accuracy on {measure.test}"
    if measure.parent_accuracy is None or measure.negative_flips is None:
        return (Finding(rule, "pass", "the parent knew no class; there is nothing to fall behind"),)
    fall, flips = measure.parent_accuracy - measure.accuracy, measure.negative_flips
    points = f"{100 * measure.parent_accuracy:.1f} -> {100 * measure.accuracy:.1f} %, may fall by {100 * gate.margin:g}"
    share = f"{100 * flips:.1f} % right before and wrong now, may be {100 * gate.negative_flips:g} %"
    return (
        found(rule, round(fall - gate.margin, 9) <= 0, points),  # 0.9 - 0.8 is a little more than 0.1
        found(f"negative flips on {measure.test}", flips <= gate.negative_flips, share),
    )


def found(rule: str, holds: bool, told: str) -> Finding:
    """Return what a rule says that could be checked."""
    return Finding(rule, "pass" if holds else "fail", told)
