"""What came of a reproduction in sentences, beside what was published."""

from __future__ import annotations

import math
from collections.abc import Iterator

from onward.experiment.gains import Comparison
from onward.experiment.results import Estimate
from onward.report.standings import percent
from onward.report.tables import told
from onward.reproduction.claim import Reproduction

UNKNOWN = "not known: no seed was finished by all that are compared"


def lines(reproduction: Reproduction, comparison: Comparison) -> Iterator[tuple[str, str]]:
    """Yield a word and a sentence for what was claimed, what came, how far it is to the top and to the next best."""
    claim = reproduction.claim
    yield "claim", f"{claim.words} ({claim.paper}, {claim.reference})"
    yield "here", here(reproduction, comparison)
    yield "gap", gap(comparison)
    yield "next best", next_best(comparison)
    if reproduction.caveat:
        yield "caveat", reproduction.caveat


def here(reproduction: Reproduction, comparison: Comparison) -> str:
    """Return the contender's gain beside the published one."""
    roles, claim = comparison.roles, reproduction.claim
    gain = comparison.of(roles.contender).gain
    if math.isnan(gain.mean):
        return UNKNOWN
    side = "above" if gain.mean >= 0 else "below"
    came = f"{roles.contender} is {points(gain)} points {side} {roles.baseline}"
    return came if claim.points is None else f"{came}; published: up to {claim.points:+.2f} on {claim.on}"


def gap(comparison: Comparison) -> str:
    """Return which share of the way to the oracle the contender goes."""
    roles = comparison.roles
    closed = comparison.of(roles.contender).closed
    way = f"the gap from {roles.baseline} to {roles.oracle}"
    if math.isnan(closed.mean):
        return f"not known: {way} is not above 0 for every seed, or no seed was finished by all three"
    return f"{roles.contender} closes {percent(closed)} % of {way}"


def next_best(comparison: Comparison) -> str:
    """Return how far the contender is ahead of its best rival, and whether that is more than chance."""
    lead = comparison.lead
    if lead is None or math.isnan(lead.by.mean):
        return UNKNOWN
    side = "ahead of" if lead.by.mean >= 0 else "behind"
    told_so = f"{comparison.roles.contender} is {points(lead.by)} points {side} {lead.rival}"
    if math.isnan(lead.by.half_width):
        return f"{told_so}; one seed has no interval"
    return f"{told_so}: the 95 % interval {'is clear of' if lead.clear else 'holds'} 0"


def points(difference: Estimate) -> str:
    """Return how large a difference of shares is, in points, whichever way it goes."""
    return told(Estimate(abs(difference.mean), difference.half_width), 100.0, decimals=2)
