"""How methods stand beside what a paper printed of them, in sentences."""

from __future__ import annotations

import math
from collections.abc import Iterator

from onward.errors import counted, listed
from onward.experiment.published import NEAR, Beside
from onward.reproduction.claim import Reproduction


def lines(reproduction: Reproduction, found: Beside) -> Iterator[tuple[str, str]]:
    """Yield a word and a sentence for what was claimed, what came of it, what fell short, and what was not run."""
    claim = reproduction.claim
    yield "claim", f"{claim.words} ({claim.paper}, {claim.reference})"
    if found.published.contender:
        yield "here", here(found)
    yield "table", together(found)
    for line, share in found.further:
        if math.isfinite(share):
            yield "further", f"{line.label} {100 * line.accuracy.mean:.1f} %: {closed(found, share)}"
    missing = [line.label for line in found.lines if not line.runs]
    if missing:
        yield "not run", listed(missing)
    if reproduction.caveat:
        yield "caveat", reproduction.caveat


def here(found: Beside) -> str:
    """Return how the paper's own method stands."""
    line = found.own
    if not line.runs:
        return f"{line.label}: not known, no seed was finished"
    came = f"{line.label} {100 * line.accuracy.mean:.1f} %, published {100 * line.printed.accuracy:.1f}"
    return f"{came}: {line.apart:+.1f} of the paper's standard deviations, {line.verdict}" if line.verdict else came


def closed(found: Beside, share: float) -> str:
    """Return how much of the gap that the paper's own method leaves another closes."""
    return f"{100 * share:.0f} % of the way from {found.published.contender} to {found.published.oracle}"


def together(found: Beside) -> str:
    """Return how many of the methods that were run come out as printed or better, and which do not."""
    if found.tasks != found.published.tasks:
        return f"not judged: the published numbers are of {found.published.tasks} tasks, these of {found.tasks}"
    judged = found.judged
    short = [f"{line.label} ({line.apart:+.1f})" for line in judged if line.verdict == "below"]
    held = f"{len(judged) - len(short)} of {counted(len(judged), 'method')}"
    reach = ", and our own 95 % interval," if found.published.widened else ""
    told = f"{held} within {NEAR:g} of the paper's standard deviations{reach} or above"
    return f"{told}; below: {listed(short)}" if short else told
