"""What the rules say of a child, as plain values that go into its card."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Status = Literal["pass", "fail", "unchecked"]

ACCURACY = "accuracy"
"""The first word of every rule that asks what a child still knows, or knows well enough."""


@dataclass(frozen=True)
class Finding:
    """What one rule says. ``unchecked`` is no pass: it says that nothing could be said.

    Args:
        rule: which, and of what.
        status: how it ended.
        told: the numbers, or why there are none.
        value: what was measured; None where nothing was, and in cards written before it was told.
        limit: what the rule allows, in the unit of ``value``.
    """

    rule: str
    status: Status
    told: str
    value: float | None = None
    limit: float | None = None


@dataclass(frozen=True)
class Verdict:
    """What all rules say.

    Args:
        findings: one a rule.
        unchecked_fails: whether the lineage asked that a rule that could not be checked stop a child.
    """

    findings: tuple[Finding, ...]
    unchecked_fails: bool = False

    @property
    def passed(self) -> bool:
        """Whether nothing stops the child."""
        return not self.count("fail") and not (self.unchecked_fails and self.unchecked)

    @property
    def unchecked(self) -> int:
        """How many rules could not be checked."""
        return self.count("unchecked")

    @property
    def word(self) -> Literal["PASS", "FAIL", "UNCHECKED"]:
        """One word. Where nothing was broken and no rule on accuracy could be checked, it is not PASS."""
        if not self.passed:
            return "FAIL"
        asked = [finding.status for finding in self.findings if finding.rule.startswith(ACCURACY)]
        return "UNCHECKED" if asked and set(asked) == {"unchecked"} else "PASS"

    @property
    def told(self) -> str:
        """One line."""
        parts = [f"{self.count('pass')} of {len(self.findings)} rules hold"]
        parts += [f"{self.count('fail')} broken"] * bool(self.count("fail"))
        parts += [f"{self.unchecked} could not be checked"] * bool(self.unchecked)
        return ", ".join(parts)

    def values(self) -> dict[str, Any]:
        """Return the verdict as JSON, with what follows from it, for who reads it without this library."""
        return {"word": self.word, "passed": self.passed, "told": self.told, **asdict(self)}

    def count(self, status: Status) -> int:
        """Return how many rules ended so."""
        return sum(finding.status == status for finding in self.findings)
