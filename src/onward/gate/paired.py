"""Tests of how far accuracy fell, from the examples that two versions judge differently.

Of n examples let b be right before and wrong now (negative flips) and c wrong before and right now (positive
flips). The difference of one example is −1, 0 or 1, so b, c and n are all that a paired test can see, and the fall
is d = (b − c) / n.

References:
    [1] McNemar 1947, "Note on the sampling error of the difference between correlated proportions", Psychometrika 12.
        Exact: under no fall, b of the b + c differing examples is binomial with probability 1/2.
    [2] Efron & Tibshirani 1993, "An Introduction to the Bootstrap", sections 6.4 (the ideal bootstrap) and 13.3.
    [3] Connor 1987, "Sample size for testing differences in proportions for the paired-sample design",
        Biometrics 43.
    [4] Holm 1979, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6.
    [5] Clopper & Pearson 1934, "The use of confidence or fiducial limits illustrated in the case of the binomial",
        Biometrika 26.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import binom, binomtest, norm

POWER = 0.8
"""With what probability a fall must be found for a test set to be able to tell it."""

TAIL = 1e-16
"""What is left away of a binomial's range on either side."""

ROUNDING = 1e-9
"""Of an example, by which a share times n may miss a whole number: 0.07 × 100 is a little more than 7."""


@dataclass(frozen=True)
class Fall:
    """How two versions differ on n examples.

    Args:
        examples: n >= 1.
        negative: b, how many were right before and are wrong now.
        positive: c, how many were wrong before and are right now.
    """

    examples: int
    negative: int
    positive: int

    @property
    def value(self) -> float:
        """How far accuracy fell, as a share; below 0 it rose."""
        return (self.negative - self.positive) / self.examples

    @property
    def differing(self) -> float:
        """The share of examples that one version has right and the other wrong: ψ in [3]."""
        return (self.negative + self.positive) / self.examples

    def at_most(self, difference: int) -> float:
        """Return the probability that b − c of a bootstrap sample is at most ``difference``.

        A bootstrap sample of the n differences is a multinomial draw of (b, c, rest). So its distribution is summed
        here instead of drawn: what [2] calls the ideal bootstrap, the one of endlessly many samples.

            P(B − C <= k) = Σ_i P(B = i) · P(C >= i − k | B = i),   B ~ Bin(n, b/n),   C | B ~ Bin(n − B, c/(n − b))
        """
        n, b, c = self.examples, self.negative, self.positive
        low, high = binom.ppf((TAIL, 1 - TAIL), n, b / n)
        i = np.arange(max(low, 0), high + 1)
        rest = binom.sf(i - difference - 1, n - i, c / (n - b) if n > b else 0.0)
        return float((binom.pmf(i, n, b / n) * rest).sum())

    def doubt(self, margin: float) -> float:
        """Return the p-value of "accuracy fell by no more than ``margin``": the smaller, the surer it fell further.

        Without a margin it is that of McNemar's exact test, one-sided ([1]). With one it is the share of bootstrap
        samples in which accuracy falls no further ([2]), but never less than McNemar's: who fell beyond a margin
        fell, and on few examples the bootstrap alone is too sure of it. A rule is broken at a confidence where this
        is below 1 − confidence; for the bootstrap's share, where the interval lies above the margin.
        """
        fell = likelier(self.negative, self.positive)
        if margin == 0 or fell == 1:
            return fell
        return max(fell, self.at_most(math.floor(margin * self.examples + ROUNDING)))

    def interval(self, confidence: float) -> tuple[float, float]:
        """Return the one-sided lower and the one-sided upper bound of the fall, by the percentiles of the bootstrap."""
        n = self.examples
        places = (bisect_left(range(-n, n), level, key=self.at_most) - n for level in (1 - confidence, confidence))
        lower, upper = (place / n for place in places)
        return lower, upper

    def flips(self, confidence: float) -> tuple[float, float]:
        """Return the one-sided lower and upper bound of the rate of negative flips, exactly ([5])."""
        both = binomtest(self.negative, self.examples).proportion_ci(2 * confidence - 1)
        return both.low, both.high

    def rose(self, confidence: float) -> bool:
        """Say whether the data show that accuracy rose, by McNemar's exact test."""
        return likelier(self.positive, self.negative) < 1 - confidence


def likelier(more: int, fewer: int) -> float:
    """Return the p-value of "the first of two counts is no likelier than the second"; 1 when both are 0."""
    return float(binomtest(more, more + fewer, 0.5, "greater").pvalue) if more + fewer else 1.0


def detectable(examples: int, margin: float, differing: float, confidence: float) -> float:
    """Return the smallest fall that is found with probability ``POWER``, up to 1.

        d = margin + (z_confidence + z_POWER) · √(ψ / n),   ψ = max(differing, d)

    It is the sample size of [3] for a fall beyond a margin, solved for the fall, with the variance ψ − d² of one
    difference taken a little too large, as ψ. A fall by d cannot come about with fewer than a share d of differing
    examples, so ψ is at least d, however few differ now. Of one kind of flips alone it is the largest rate.

    Args:
        examples: n.
        margin: what is allowed.
        differing: the share that was seen to differ; 0 for a rate of flips, whose variance is at most d.
        confidence: of the test.
    """
    step = (norm.ppf(confidence) + norm.ppf(POWER)) / math.sqrt(examples)
    as_seen = margin + step * math.sqrt(differing)
    at_least = ((step + math.sqrt(step**2 + 4 * margin)) / 2) ** 2  # the root of d = margin + step √d
    return float(min(max(as_seen, at_least), 1.0))


def holm(doubts: Sequence[float], confidence: float) -> list[bool]:
    """Say which of several p-values are below chance, so that with all rules kept one is found broken only rarely.

    In ascending order each is compared with (1 − confidence) / (how many are left); the first that is not below ends
    it ([4]).
    """
    broken = [False] * len(doubts)
    for done, place in enumerate(sorted(range(len(doubts)), key=doubts.__getitem__)):
        if doubts[place] >= (1 - confidence) / (len(doubts) - done):
            break
        broken[place] = True
    return broken
