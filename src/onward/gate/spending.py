"""The rules on what an update may cost, and its child."""

from __future__ import annotations

from collections.abc import Iterator

from onward.gate.evidence import Evidence
from onward.gate.rules import Budget
from onward.gate.verdict import Finding


def within(budget: Budget, evidence: Evidence) -> Iterator[Finding]:
    """Yield a finding for each limit that is set; what was not measured is unchecked."""
    cost, share = evidence.cost, evidence.share
    spent = {
        "share_of_scratch": (share.value if share else None, "of training from scratch"),
        "seconds": (cost.seconds if cost else None, "seconds"),
        "flops": (float(cost.flops) if cost else None, "FLOPs"),
        "latency": (evidence.latency, "of the parent's time to predict"),
        "parameters": (evidence.parameters, "of the parent's parameters"),
    }
    for name, (value, unit) in spent.items():
        limit = getattr(budget, name)
        if limit is not None:
            yield spending(
                name, value, limit, f"{unit} ({share.kind})" if share and name == "share_of_scratch" else unit
            )


def spending(name: str, value: float | None, limit: float, unit: str) -> Finding:
    """Return what is to be said of one limit.

    Args:
        name: of the limit.
        value: what was spent; None where it is not known.
        limit: the most that may be.
        unit: of both, in words.
    """
    rule = f"budget: {name}"
    if value is None:
        return Finding(rule, "unchecked", f"not known, may be {limit:g} {unit}", limit=limit)
    return Finding(rule, "pass" if value <= limit else "fail", f"{value:.4g} {unit}, may be {limit:g}", value, limit)
