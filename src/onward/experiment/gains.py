"""What methods gain over a baseline, how much of what could be gained that is, and what an update costs them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from onward.errors import unknown
from onward.experiment.convergence import still_falling
from onward.experiment.results import Estimate, Outcome, Results, estimate
from onward.metrics.interval import paired_interval

NONE = Estimate(math.nan, math.nan)


@dataclass(frozen=True)
class Roles:
    """What the labels of an experiment stand for in a comparison.

    Args:
        contender: the method that is to be ahead.
        baseline: what gains are counted from.
        oracle: what has all that can be had, such as all data so far.
        allowed_more: methods that may do what the contender may not, such as keep examples; none of them is a rival.
    """

    contender: str
    baseline: str
    oracle: str
    allowed_more: tuple[str, ...] = ()


class Ends(NamedTuple):
    """What an update costs at either end of a stream, so that one sees whether it grows; NaN where there is one update.

    The first update has no parent, so the second is the first that counts.
    """

    second: float
    last: float


@dataclass(frozen=True)
class Standing:
    """A method beside the baseline and the oracle, over its finished runs.

    Args:
        label: the method's in the experiment.
        runs: seeds that were finished.
        final: accuracy after the last update, on the experiences so far.
        average: the mean of that accuracy after each update.
        gain: in final accuracy over the baseline, paired by seed.
        closed: the share of the gap between baseline and oracle that is closed; NaN where a seed has no gap.
        samples: examples gone through the model in training, of an update.
        seconds: wall time of an update.
        kept_bytes: what the last update leaves for the next.
        still_falling: the share of its fall that the loss fell at the end of the updates; see ``convergence``.
    """

    label: str
    runs: int
    final: Estimate
    average: Estimate
    gain: Estimate
    closed: Estimate
    samples: Ends
    seconds: Ends
    kept_bytes: float
    still_falling: float


@dataclass(frozen=True)
class Lead:
    """The contender beside its best rival. by: how much more final accuracy it has, paired by seed; below 0 if less."""

    rival: str
    by: Estimate

    @property
    def clear(self) -> bool:
        """Whether the 95 % interval leaves 0 out."""
        return abs(self.by.mean) > self.by.half_width


@dataclass(frozen=True)
class Comparison:
    """Every method's standing, and the contender's lead; None where it or every rival failed."""

    roles: Roles
    standings: tuple[Standing, ...]
    lead: Lead | None

    def of(self, label: str) -> Standing:
        """Return a method's standing."""
        return next(each for each in self.standings if each.label == label)


def compared(results: Results, roles: Roles) -> Comparison:
    """Return how the methods of an experiment stand.

    Raises:
        InputError: when a label that has a role is not among the results.
    """
    for label in (roles.contender, roles.baseline, roles.oracle, *roles.allowed_more):
        if label not in results.by_label:
            raise unknown("label", label, results.by_label)
    standings = tuple(standing(results, label, roles) for label in results.by_label)
    return Comparison(roles, standings, ahead(results, roles))


def standing(results: Results, label: str, roles: Roles) -> Standing:
    """Return how one method stands."""
    runs = results.outcomes(label)
    return Standing(
        label=label,
        runs=len(runs),
        final=over(run.after_updates[-1] for run in runs),
        average=over(float(np.mean(run.after_updates)) for run in runs),
        gain=gain(results, label, roles.baseline),
        closed=closed(results, label, roles),
        samples=ends([[cost.samples for cost in run.costs] for run in runs]),
        seconds=ends([[cost.seconds for cost in run.costs] for run in runs]),
        kept_bytes=over(float(run.costs[-1].kept_bytes) for run in runs).mean,
        still_falling=still_falling([curve for run in runs for curve in run.learning]),
    )


def ahead(results: Results, roles: Roles) -> Lead | None:
    """Return the contender's lead over the rival with the best mean final accuracy; None where there is nobody to lead.

    Args:
        results: of an experiment.
        roles: neither the oracle nor what is allowed more is a rival.
    """
    barred = {roles.contender, roles.oracle, *roles.allowed_more}
    means = {label: over(finals(results, label).values()).mean for label in results.by_label if label not in barred}
    rivals = {label: mean for label, mean in means.items() if math.isfinite(mean)}
    if not rivals or not finals(results, roles.contender):
        return None
    rival = max(rivals, key=rivals.__getitem__)
    return Lead(rival, gain(results, roles.contender, rival))


def gain(results: Results, label: str, baseline: str) -> Estimate:
    """Return the difference in final accuracy between two methods over the seeds that both finished; NaN if none."""
    mine, other = finals(results, label), finals(results, baseline)
    seeds = [seed for seed in mine if seed in other]
    if not seeds:
        return NONE
    return Estimate(*paired_interval([mine[seed] for seed in seeds], [other[seed] for seed in seeds]))


def closed(results: Results, label: str, roles: Roles) -> Estimate:
    """Return the share of the gap between baseline and oracle that a method closes.

        (method − baseline) / (oracle − baseline)          of each seed, then the mean

    Over the seeds that all three finished; NaN when there is none, or the gap of one is not above 0.
    """
    mine, low, high = (finals(results, each) for each in (label, roles.baseline, roles.oracle))
    gaps = {seed: high[seed] - low[seed] for seed in mine if seed in low and seed in high}
    return over((mine[seed] - low[seed]) / gap if gap > 0 else math.nan for seed, gap in gaps.items())


def finals(results: Results, label: str) -> dict[int, float]:
    """Return a method's accuracy after the last update, of each seed that was finished."""
    finished: dict[int, Outcome] = {cell.seed: cell.outcome for cell in results.by_label[label] if cell.outcome}
    return {seed: outcome.after_updates[-1] for seed, outcome in finished.items()}


def ends(costs: Iterable[list[float]]) -> Ends:
    """Return the mean over runs of what the second and the last update cost; each run's costs are (t,)."""
    later = [run[1:] for run in costs if len(run) > 1]
    return Ends(over(run[0] for run in later).mean, over(run[-1] for run in later).mean)


def over(values: Iterable[float]) -> Estimate:
    """Return the mean of values of runs, and its interval; NaN where there is no run."""
    every = list(values)
    return estimate(every) if every else NONE
