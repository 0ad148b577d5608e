"""What came of a comparison of starts in sentences, beside what it was to come to."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from onward.errors import counted
from onward.experiment.switches import STEPS, Switches, Switching
from onward.report.tables import told
from onward.reproduction.claim import Reproduction

NO_SPIKE = 1.1
"""The most that the first losses may be, in units of the baseline's last ones."""

FASTER = 7.0
"""How many times fewer steps are aimed at; the number is that of a claim about the paper."""

UNKNOWN = "not known: no seed was finished by all that are compared"


def lines(reproduction: Reproduction, found: Switches) -> Iterator[tuple[str, str]]:
    """Yield a word and a sentence for what was claimed, and for spike, steps and accuracy what came."""
    claim = reproduction.claim
    yield "claim", f"{claim.words} ({claim.paper}, {claim.reference})"
    yield "spike", spike(found)
    yield "steps", steps(found)
    yield "final", final(found)
    if reproduction.caveat:
        yield "caveat", reproduction.caveat


def spike(found: Switches) -> str:
    """Return how the first losses stand to the last ones of the baseline."""
    grid, mine = found.grid, found.of(found.grid.contender)
    ratios = [each.early_ratio.mean for each in mine]
    if not all(map(math.isfinite, ratios)):
        return UNKNOWN
    theirs = [each.early_ratio.mean for each in found.of(grid.baseline)]
    return (
        f"over its first {STEPS} steps the loss of {grid.contender} is {span(ratios)} times what {grid.baseline} ends "
        f"with, and {grid.baseline}'s own is {span(theirs)} times that; aim: at most {NO_SPIKE}, held in "
        f"{in_cells(mine, lambda each: each.early_ratio.mean <= NO_SPIKE)}"
    )


def steps(found: Switches) -> str:
    """Return how many times fewer steps the contender needs for what the baseline ends with."""
    grid, mine = found.grid, found.of(found.grid.contender)
    times = [each.faster for each in mine]
    if any(map(math.isnan, times)):
        return UNKNOWN
    return (
        f"{grid.contender} needs {span(times)} times fewer steps than {grid.baseline} for the accuracy on new classes "
        f"with which that ends, in the median; aim: {FASTER:g}, held in "
        f"{in_cells(mine, lambda each: each.faster >= FASTER)}"
    )


def final(found: Switches) -> str:
    """Return the gain in final accuracy in the mean over the cells, and in how many it is none below 0."""
    grid, gain = found.grid, found.gain
    if math.isnan(gain.mean):
        return UNKNOWN
    clear = "" if math.isnan(gain.half_width) else f", whose 95 % interval {holds(abs(gain.mean) > gain.half_width)} 0"
    return (
        f"{grid.contender} ends {told(gain, 100.0, decimals=2)} points above {grid.baseline} in the mean over the "
        f"cells{clear}; at least equal in {in_cells(found.of(grid.contender), lambda each: each.gain.mean >= 0)}"
    )


def holds(clear: bool) -> str:
    """Return the verb of an interval that leaves a number out, or does not."""
    return "is clear of" if clear else "holds"


def span(values: Sequence[float]) -> str:
    """Return the smallest and the largest of some numbers."""
    return f"{min(values):.2g} to {max(values):.2g}"


def in_cells(every: Sequence[Switching], held: Callable[[Switching], bool]) -> str:
    """Return in how many cells something holds."""
    return f"{sum(map(held, every))} of {counted(len(every), 'cell')}"
