"""What one test set says of one rule.

A rule on a change (a fall, flips) is broken where the data show at the lineage's confidence that it is. Where they do
not, it holds if they could have shown it, and is unchecked otherwise. A floor is a promise about a number, so the
number that was measured decides.
"""

from __future__ import annotations

from dataclasses import replace

from onward.errors import counted
from onward.gate.paired import Fall, detectable
from onward.gate.verdict import Finding
from onward.record import Measure

TELLING = 0.05
"""What breaks a rule by this share is worth telling: a test set that cannot tell so much cannot check the rule."""


def fall_of(measure: Measure) -> Fall | None:
    """Return how child and parent differ on a test set; None where the parent knew no class."""
    if measure.negative_flips is None or measure.positive_flips is None:
        return None
    n = measure.examples
    return Fall(n, round(measure.negative_flips * n), round(measure.positive_flips * n))


def fallen(rule: str, measure: Measure, margin: float, confidence: float) -> Finding:
    """Return what is to be said of a fall of accuracy.

    Args:
        rule: its name.
        measure: the child on the test set.
        margin: how far accuracy may fall.
        confidence: how sure the data must be that it fell further.
    """
    fall = fall_of(measure)
    if fall is None:
        return Finding(rule, "pass", "the parent knew no class; there is nothing to fall behind")
    before, between = measure.accuracy + fall.value, bounds(*fall.interval(confidence))
    change = f"{100 * before:.1f} -> {100 * measure.accuracy:.1f} %, fall {100 * fall.value:.1f} {between}"
    finding = Finding(rule, "pass", f"{change}, may be {100 * margin:g}", fall.value, margin)
    if fall.doubt(margin) < 1 - confidence:
        return replace(finding, status="fail")
    if telling(fall, margin, confidence):
        return finding
    return too_few(finding, fall.examples, detectable(fall.examples, margin, fall.differing, confidence))


def telling(fall: Fall, margin: float, confidence: float) -> bool:
    """Say whether the examples can tell a fall that is worth telling.

    They can where one so large would be found with probability ``paired.POWER``, where so few of them flipped that it
    is ruled out, and where accuracy is seen to have risen.
    """
    worth = margin + TELLING
    found = detectable(fall.examples, margin, fall.differing, confidence) <= worth
    return found or fall.flips(confidence)[1] <= worth or fall.rose(confidence)


def flipped(measure: Measure, limit: float, confidence: float) -> Finding:
    """Return what is to be said of the negative flips, by the exact binomial test.

    Args:
        measure: the child on the test set.
        limit: the largest share of them.
        confidence: how sure the data must be that there are more.
    """
    rule, fall = f"negative flips on {measure.test}", fall_of(measure)
    if fall is None:
        return Finding(rule, "pass", "the parent knew no class; it had nothing right")
    n, share, (low, high) = fall.examples, fall.negative / fall.examples, fall.flips(confidence)
    told = f"{100 * share:.1f} % {bounds(low, high)} right before and wrong now, may be {100 * limit:g}"
    finding = Finding(rule, "pass", told, share, limit)
    if low > limit:
        return replace(finding, status="fail")
    smallest = detectable(n, limit, 0.0, confidence)
    return finding if min(smallest, high) <= limit + TELLING else too_few(finding, n, smallest)


def above(rule: str, share: float, floor: float, examples: int) -> Finding:
    """Return what is to be said of an accuracy that has a floor."""
    told = f"{100 * share:.1f} % of {counted(examples, 'example')}, must be {100 * floor:g}"
    return Finding(rule, "pass" if share >= floor else "fail", told, share, floor)


def too_few(finding: Finding, examples: int, smallest: float) -> Finding:
    """Return a finding as unchecked: its test set could not have told.

    Args:
        finding: what would be said of more examples.
        examples: how many there are.
        smallest: what they can tell.
    """
    why = f"{counted(examples, 'example')} can tell {100 * smallest:.1f} or more, too few to check this"
    return replace(finding, status="unchecked", told=f"{finding.told}; {why}")


def bounds(low: float, high: float) -> str:
    """Return a lower and an upper bound, in percent."""
    return f"[{100 * low:.1f}, {100 * high:.1f}]"
