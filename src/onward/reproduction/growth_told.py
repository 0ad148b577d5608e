"""What came of a network that grows in sentences, beside what it was to come to."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from onward.errors import counted, listed
from onward.experiment.growth import Ahead, Grew, Grown
from onward.experiment.results import Estimate
from onward.report.standings import percent
from onward.reproduction.claim import Reproduction
from onward.reproduction.told import UNKNOWN, points

NEAR = 0.005
"""How far behind what moves all weights a network that grows may stay."""

LARGER = 2.0
"""How many times its parameters it may have in the end."""


def lines(reproduction: Reproduction, found: Grew) -> Iterator[tuple[str, str]]:
    """Yield a word and a sentence for what was claimed, and for each thing that was aimed at what came."""
    claim, growth = reproduction.claim, found.growth
    yield "claim", f"{claim.words} ({claim.paper}, {claim.reference})"
    for method in growth.exact:
        if each := found.of(method):
            yield "source", source(method, each)
    for method, aim in growth.aims.items():
        for each in found.of(method):
            yield "aim", aimed(each, aim)
    for rival in growth.rivals:
        yield "ahead", against(found.over((rival,)), f"{growth.contender} is ahead of {rival}", lambda by: by > 0)
    for other in growth.near:
        words = f"{growth.contender} is at most {100 * NEAR:g} points behind {other}"
        yield "near", against(found.over((other,)), words, lambda by: by >= -NEAR)
    yield "size", size(growth.contender, found.of(growth.contender))
    for each in found.steps:
        yield "two steps", two_steps(each)
    if reproduction.caveat:
        yield "caveat", reproduction.caveat


def source(method: str, each: Sequence[Grown]) -> str:
    """Return in how many runs what the rows of the source say has the accuracy that it had."""
    runs = sum(one.runs for one in each)
    kept = f"in {sum(one.kept for one in each)} of {counted(runs, 'run')}"
    return f"among the source's classes {method} has the accuracy from before {kept}"


def aimed(grown: Grown, aim: float) -> str:
    """Return what a method reached beside what it was to reach."""
    if not grown.runs:
        return UNKNOWN
    came = f"{grown.method} ends at {percent(grown.final, decimals=2)} % of all tests; aim: at least {100 * aim:.2f}"
    return f"{came}, {'held' if grown.final.mean >= aim else 'not held'}"


def against(leads: Sequence[Ahead], words: str, held: Callable[[float], bool]) -> str:
    """Return in how many cells a lead is what it was to be, and where it is not."""
    known = [each for each in leads if math.isfinite(each.by.mean)]
    if not known:
        return f"{words}: not known, it was not run"
    short = [f"{each.cell or 'here'} ({signed(each.by)})" for each in known if not held(each.by.mean)]
    told = f"{words} in {len(known) - len(short)} of {counted(len(known), 'cell')}"
    return f"{told}; not in {listed(short)}" if short else told


def size(contender: str, each: Sequence[Grown]) -> str:
    """Return how large the contender became."""
    times = [one.times for one in each if math.isfinite(one.times)]
    if not times:
        return UNKNOWN
    held = "held" if max(times) <= LARGER else "not held"
    return f"{contender} has at most {max(times):.2f} times its parameters in the end; aim: at most {LARGER:g}, {held}"


def two_steps(lead: Ahead) -> str:
    """Return what two steps are worth beside one."""
    if not math.isfinite(lead.by.mean):
        return UNKNOWN
    side = "above" if lead.by.mean >= 0 else "below"
    where = f", {lead.cell}" if lead.cell else ""
    told = f"{lead.method} is {points(lead.by)} points {side} {lead.other}{where}"
    if not math.isfinite(lead.by.half_width):
        return f"{told}; one seed has no interval"
    return f"{told}: the 95 % interval {'is clear of' if lead.clear else 'holds'} 0"


def signed(difference: Estimate) -> str:
    """Return a difference of shares in points, with its sign."""
    return f"{100 * difference.mean:+.2f}"
