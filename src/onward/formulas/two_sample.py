"""Whether two samples come from one distribution, by how well a line tells them apart; and two shares compared."""

from __future__ import annotations

import math

import torch
from scipy.linalg import eigh
from scipy.stats import mannwhitneyu, norm, rankdata
from torch import Tensor

Scores = tuple[tuple[Tensor, Tensor], ...]
"""Of two samples, (m₁,) and (m₂,), once for each fold."""

RIDGE = 0.1
"""What is added to a covariance before it is inverted, as a share of its mean eigenvalue."""


def auc(first: Tensor, second: Tensor) -> float:
    """Return how often a score of the first sample is above one of the second: 0.5 for equal samples, 1 at most.

        AUC = U / (n₁ n₂),   U = Σ_ij [x_i > y_j] + ½ [x_i = y_j] = R₁ − n₁ (n₁ + 1) / 2     (Mann & Whitney 1947)

    Args:
        first: x, (n₁,); R₁ is the sum of its ranks among all.
        second: y, (n₂,).
    """
    n = len(first)
    ranks = rankdata(torch.cat([first, second]).numpy())[:n].sum()
    return float(ranks - n * (n + 1) / 2) / (n * len(second))


def chance(first: Tensor, second: Tensor) -> float:
    """Return how probable such an AUC or a greater one is where the scores of both samples are exchangeable.

    Args:
        first: (n₁,).
        second: (n₂,).
    """
    if bool((torch.cat([first, second]) == first[0]).all()):  # of ties alone the normal form has no variance
        return 1.0
    return float(mannwhitneyu(first.numpy(), second.numpy(), alternative="greater").pvalue)


def direction(first: Tensor, second: Tensor) -> Tensor:
    """Return the line along which two samples differ most for their spread, (d,): Fisher's discriminant with a ridge.

        w = (S + ρ tr(S)/d I)⁻¹ (m₁ − m₂)                                         (Fisher 1936; Friedman 1989)

    Args:
        first: (n₁, d), with the mean m₁; w points to it.
        second: (n₂, d), with the mean m₂. S is the mean of both covariances, ρ is ``RIDGE``.
    """
    means = [sample.mean(dim=0) for sample in (first, second)]
    apart = [sample - mean for sample, mean in zip((first, second), means, strict=True)]
    spread = torch.stack([each.T @ each / len(each) for each in apart]).mean(dim=0)
    ridge = RIDGE * spread.diagonal().mean() + torch.finfo(spread.dtype).tiny  # which keeps it whole where all is zero
    spread.diagonal().add_(ridge)
    return torch.linalg.solve(spread, means[0] - means[1])


def cross_fitted(first: Tensor, second: Tensor) -> Scores:
    """Return the scores of two samples by a line that has seen neither: the linear case of [1], cross-fitted.

    A direction is fitted to every other row of both and scores the rest; then the other way round.

    Args:
        first: (n₁, d), in random order.
        second: (n₂, d), in random order.

    References:
        [1] Lopez-Paz & Oquab 2017, "Revisiting Classifier Two-Sample Tests", arXiv:1610.06545.
    """
    found = []
    for fitted, held in ((0, 1), (1, 0)):
        line = direction(first[fitted::2], second[fitted::2])
        found.append((first[held::2] @ line, second[held::2] @ line))
    return tuple(found)


def separation(scores: Scores) -> float:
    """Return how far two samples are apart: the mean AUC of their cross-fitted scores."""
    return sum(auc(*each) for each in scores) / len(scores)


def separation_chance(scores: Scores) -> float:
    """Return how probable such a separation is for samples of one distribution: the greatest of the p-values.

    Each is valid, for no row is scored by a direction that has seen it. Both hang on the same means and are far from
    independent; the greatest is valid whatever their dependence, for it is small only where the first one is.
    """
    return max(chance(*each) for each in scores)


def principal(points: Tensor, most: int) -> Tensor:
    """Return points by their coordinates along the directions in which they vary most.

    Args:
        points: (n, d).
        most: the most directions.

    Returns:
        (n, k) float64 with mean zero, k the least of ``most``, n and d.
    """
    centred = points.double() - points.double().mean(dim=0)
    n, d = centred.shape
    products = centred.T @ centred if d <= n else centred @ centred.T  # the smaller of both has all that is needed
    size = len(products)
    values, vectors = eigh(products.numpy(), subset_by_index=[max(size - most, 0), size - 1])
    found = torch.from_numpy(vectors)
    return centred @ found if d <= n else found * torch.from_numpy(values).clamp(min=0).sqrt()


def share_interval(share: float, of: float, level: float = 0.95) -> tuple[float, float]:
    """Return the interval of a share that was counted.

        (p + z²/2n ± z √(p (1 − p)/n + z²/4n²)) / (1 + z²/n)                      (Wilson 1927)

    Args:
        share: p in [0, 1].
        of: n > 0, how many were counted; for a weighted share, how many unweighted ones would be as sure.
        level: the share of such intervals that hold the true one.

    >>> low, high = share_interval(0.9, 10)
    >>> f"{low:.3f} to {high:.3f}"
    '0.596 to 0.982'
    """
    z2 = float(norm.ppf((1 + level) / 2)) ** 2
    centre, half = share + z2 / (2 * of), math.sqrt(z2 * (share * (1 - share) / of + z2 / (4 * of * of)))
    return max(0.0, (centre - half) / (1 + z2 / of)), min(1.0, (centre + half) / (1 + z2 / of))


def difference_interval(
    first: tuple[float, float], second: tuple[float, float], level: float = 0.95
) -> tuple[float, float]:
    """Return the interval of the first share less the second, of independent samples.

        p − q − √((p − l_p)² + (u_q − q)²)   to   p − q + √((u_p − p)² + (q − l_q)²)          (Newcombe 1998, method 10)

    with l and u the ends of ``share_interval``.

    Args:
        first: p and how many were counted.
        second: q and how many were counted.
        level: the share of such intervals that hold the true difference.
    """
    (p, _), (q, _) = first, second
    (low_p, high_p), (low_q, high_q) = share_interval(*first, level), share_interval(*second, level)
    return p - q - math.hypot(p - low_p, high_q - q), p - q + math.hypot(high_p - p, q - low_q)
