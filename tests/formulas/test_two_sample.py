"""Two samples: the AUC and the discriminant by hand, the test's errors by simulation, intervals from papers."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, mannwhitneyu, norm

from onward.formulas.two_sample import (
    auc,
    chance,
    cross_fitted,
    difference_interval,
    direction,
    principal,
    separation,
    separation_chance,
    share_interval,
)
from onward.rng import generator

scores = st.lists(st.integers(-5, 5), min_size=2, max_size=12).map(lambda values: torch.tensor(values).double())


def normal(seed, n, d, at=0.0):
    """Standard normal rows, (n, d), around ``at`` in the first place."""
    points = torch.randn(n, d, generator=generator(seed, "normal"), dtype=torch.float64)
    points[:, 0] += at
    return points


def apart(first, second):
    """How far two samples are apart, and how probable that is by chance."""
    scores = cross_fitted(first, second)
    return separation(scores), separation_chance(scores)


def test_auc_by_hand():
    """3 is above 2, 0 and 1; 1 is above 0 and level with 1: 3 + 1 + 1/2 of 6 pairs."""
    assert auc(torch.tensor([3.0, 1.0]), torch.tensor([2.0, 0.0, 1.0])) == pytest.approx(4.5 / 6)


def test_p_by_hand():
    """Of the 6 ways to choose two of four scores one has both above: p = 1/6; the other way round every one does."""
    above, below = torch.tensor([2.0, 3.0]), torch.tensor([0.0, 1.0])
    assert (auc(above, below), chance(above, below)) == (1.0, pytest.approx(1 / 6))
    assert (auc(below, above), chance(below, above)) == (0.0, pytest.approx(1.0))


@given(scores, scores)
def test_auc_of_the_samples_exchanged_is_the_rest(first, second):
    assert auc(first, second) + auc(second, first) == pytest.approx(1)


@given(scores, scores)
def test_auc_is_scipys(first, second):
    found = mannwhitneyu(first.numpy(), second.numpy(), method="exact")
    assert auc(first, second) == pytest.approx(found.statistic / (len(first) * len(second)))


def test_of_ties_alone_nothing_can_be_said():
    same = torch.zeros(30), torch.zeros(20)
    assert (auc(*same), chance(*same)) == (0.5, 1.0)


def test_direction_by_hand():
    """Rows at ±(2, 0) and ±(0, 1) around a mean: S = diag(4/2, 1/2), the ridge 0.1 (2 + 1/2) / 2 = 1/8."""
    cross = torch.tensor([[2.0, 0.0], [-2.0, 0.0], [0.0, 1.0], [0.0, -1.0]], dtype=torch.float64)
    found = direction(cross + torch.tensor([3.0, 1.0]), cross)
    torch.testing.assert_close(found, torch.tensor([3 / 2.125, 1 / 0.625], dtype=torch.float64))


def test_samples_that_are_one_point_are_not_apart():
    same = torch.ones(40, 3, dtype=torch.float64)
    assert direction(same, same).tolist() == [0, 0, 0]
    assert apart(same, same) == (0.5, 1.0)


@pytest.mark.parametrize("distance", [0.5, 1.0, 2.0])
def test_normal_samples_are_apart_as_theory_has_it(distance):
    """Along the best line scores are N(δ, 1) and N(0, 1): AUC = P(x > y) = Φ(δ/√2). Its error here is some 0.005."""
    found, p = apart(normal(1, 4000, 5, at=distance), normal(2, 4000, 5))
    assert found == pytest.approx(norm.cdf(distance / 2**0.5), abs=0.015)
    assert p < 1e-10


def test_equal_samples_are_seldom_told_apart():
    """The p-value is valid: below 0.05 in at most 5 % of 300 pairs; 3 standard errors of that are 3.8 points."""
    found = [apart(normal(2 * k, 40, 10), normal(2 * k + 1, 40, 10)) for k in range(300)]
    assert sum(p < 0.05 for _, p in found) / 300 < 0.05 + 0.038
    assert sum(statistic for statistic, _ in found) / 300 == pytest.approx(0.5, abs=0.02)


def test_no_row_is_scored_by_a_direction_that_has_seen_it():
    """In 60 dimensions a line separates any 20 rows from 20 others; of rows that it has not seen it knows nothing."""
    first, second = normal(1, 20, 60), normal(2, 20, 60)
    line = direction(first, second)
    assert auc(first @ line, second @ line) > 0.95
    unseen = [apart(normal(2 * k, 20, 60), normal(2 * k + 1, 20, 60))[0] for k in range(60)]
    assert sum(unseen) / 60 == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize(("n", "d"), [(30, 6), (6, 30)])
def test_principal_coordinates_are_those_of_the_singular_values(n, d):
    points = normal(3, n, d) * torch.arange(1, d + 1)
    found = principal(points, 4)
    values = torch.linalg.svdvals(points - points.mean(dim=0))
    torch.testing.assert_close(found.norm(dim=0).sort(descending=True).values, values[:4])
    torch.testing.assert_close(found.mean(dim=0), torch.zeros(4, dtype=torch.float64), atol=1e-9, rtol=0)


def test_all_principal_coordinates_keep_every_distance():
    for points in (normal(4, 12, 5), normal(5, 5, 12)):
        torch.testing.assert_close(torch.pdist(principal(points, 99)), torch.pdist(points))


def test_interval_of_a_share_by_hand():
    """Wilson at z = 1.96, none of 10: from 0 to z² / (n + z²) = 3.8415 / 13.8415."""
    low, high = share_interval(0.0, 10)
    assert (low, high) == (pytest.approx(0.0, abs=1e-12), pytest.approx(3.8415 / 13.8415, abs=1e-4))


@pytest.mark.parametrize(("hits", "of"), [(9, 10), (0, 7), (50, 50), (333, 1000)])
def test_interval_of_a_share_is_scipys(hits, of):
    found = binomtest(hits, of).proportion_ci(0.9, method="wilson")
    assert share_interval(hits / of, of, 0.9) == (pytest.approx(found.low), pytest.approx(found.high))


def test_interval_of_a_difference_is_that_of_the_paper():
    """Newcombe 1998, table II, (a) 56/70 less 48/80, method 10: 0.0524 to 0.3339."""
    found = difference_interval((56 / 70, 70), (48 / 80, 80))
    assert found == (pytest.approx(0.0524, abs=5e-5), pytest.approx(0.3339, abs=5e-5))
