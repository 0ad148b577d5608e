"""A class's Gaussian is that of its examples, by numpy, in whatever portions they came and whichever left again."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from onward.errors import InputError
from onward.formulas.class_gaussians import ClassSums, root
from onward.rng import generator

SPREADS = ("shared", "full", "diagonal")
D = 3
each_spread = pytest.mark.parametrize("spread", SPREADS)


def examples(*counts: int, seed: int = 0):
    """So many examples of each class, every class with a mean and a covariance of its own."""
    features, targets = [], []
    for k, n in enumerate(counts):
        draws = generator(seed, "class", k)
        mix, mean = torch.randn(D, D, generator=draws).double(), torch.randn(D, generator=draws).double()
        features.append(3 * mean + torch.randn(n, D, generator=draws).double() @ mix)
        targets += [k] * n
    return torch.cat(features), torch.tensor(targets, dtype=torch.int64)


def sums_of(spread, features, targets, c=3):
    sums = ClassSums.empty(spread, D, c)
    sums.add(features, targets)
    return sums


def covariance(gaussian):
    """L Lᵀ, (d, d)."""
    wide = gaussian.root.diag() if gaussian.root.ndim == 1 else gaussian.root
    return wide @ wide.T


def pooled(features, targets):
    """The covariance of all classes about their own means, over n - C, by numpy."""
    parts = [features[targets == k].numpy() for k in targets.unique()]
    return sum(np.cov(part.T) * (len(part) - 1) for part in parts) / (len(features) - len(parts))


def test_mean_and_covariance_of_each_class_are_those_of_numpy():
    features, targets = examples(20, 7, 11)
    for k, gaussian in sums_of("full", features, targets).gaussians(0.0, 0.0):
        own = features[targets == k].numpy()
        np.testing.assert_allclose(gaussian.mean, own.mean(axis=0), rtol=1e-12)
        np.testing.assert_allclose(covariance(gaussian), np.cov(own.T), rtol=1e-9, atol=1e-12)


def test_a_diagonal_one_is_each_features_variance():
    features, targets = examples(20, 7, 11)
    for k, gaussian in sums_of("diagonal", features, targets).gaussians(0.0, 0.0):
        np.testing.assert_allclose(gaussian.root**2, features[targets == k].numpy().var(axis=0, ddof=1), rtol=1e-9)


def test_a_shared_one_is_that_of_all_classes_about_their_own_means():
    features, targets = examples(20, 7, 11)
    for k, gaussian in sums_of("shared", features, targets).gaussians(0.0, 5.0):
        np.testing.assert_allclose(gaussian.mean, features[targets == k].numpy().mean(axis=0), rtol=1e-12)
        np.testing.assert_allclose(covariance(gaussian), pooled(features, targets), rtol=1e-9)


def test_shrinkage_counts_the_covariance_of_all_as_so_many_examples_beside_a_class_s_own():
    features, targets = examples(20, 7, 11)
    all_of_them, s = pooled(features, targets), 4.0
    for k, gaussian in sums_of("full", features, targets).gaussians(0.0, s):
        own = features[targets == k].numpy()
        n = len(own)
        expected = ((n - 1) * np.cov(own.T) + s * all_of_them) / (n - 1 + s)
        np.testing.assert_allclose(covariance(gaussian), expected, rtol=1e-9)


@each_spread
def test_the_ridge_adds_a_share_of_the_mean_variance_to_each(spread):
    features, targets = examples(20, 7, 11)
    sums, variance = sums_of(spread, features, targets), np.trace(pooled(features, targets)) / D
    for (_, plain), (_, ridged) in zip(sums.gaussians(0.0, 1.0), sums.gaussians(0.5, 1.0), strict=True):
        torch.testing.assert_close(covariance(ridged) - covariance(plain), 0.5 * variance * torch.eye(D).double())


@each_spread
def test_a_class_of_one_example_spreads_as_all_do(spread):
    features, targets = examples(20, 1, 11)
    found = dict(sums_of(spread, features, targets).gaussians(0.0, 1.0))[1]
    expected = pooled(features[targets != 1], targets[targets != 1])
    expected = np.diag(np.diag(expected)) if spread == "diagonal" else expected
    np.testing.assert_allclose(found.mean, features[targets == 1][0], rtol=1e-12)
    np.testing.assert_allclose(covariance(found), expected, rtol=1e-8, atol=1e-10)


@each_spread
@pytest.mark.parametrize("shrinkage", [0.0, 1.0])
def test_where_every_class_has_one_example_each_is_drawn_as_it_is(spread, shrinkage):
    features, targets = examples(1, 1, 1)
    for k, gaussian in sums_of(spread, features, targets).gaussians(1e-4, shrinkage):
        drawn = gaussian.at(torch.randn(5, D, generator=generator(k)).double())
        torch.testing.assert_close(drawn, features[k].expand(5, D), rtol=0, atol=1e-6)


@each_spread
def test_a_class_without_examples_has_none(spread):
    features, targets = examples(4, 0, 4)
    assert [k for k, _ in sums_of(spread, features, targets).gaussians(0.0, 1.0)] == [0, 2]
    assert list(ClassSums.empty(spread, D, 2).gaussians(0.0, 1.0)) == []


@each_spread
def test_drawn_features_have_the_mean_and_covariance_within_what_chance_allows(spread):
    features, targets = examples(30, 20, 10)
    m = 20_000
    for k, gaussian in sums_of(spread, features, targets).gaussians(0.0, 0.0):
        drawn = gaussian.at(torch.randn(m, D, generator=generator(7, k)).double())
        sigma = covariance(gaussian)
        # The mean of m draws has variance Σ_ii / m, an entry of their covariance (Σ_ii Σ_jj + Σ_ij²) / m: five
        # standard deviations are passed by chance once in 10⁶ times, and the draws are fixed.
        variances = sigma.diagonal()
        assert bool(((drawn.mean(dim=0) - gaussian.mean).abs() < 5 * (variances / m).sqrt()).all())
        bound = 5 * ((variances[:, None] * variances + sigma.square()) / m).sqrt()
        assert bool(((drawn.T.cov() - sigma).abs() < bound).all())


def test_of_fewer_examples_than_features_the_root_is_still_one():
    features, targets = examples(2, 2, 2)
    for k, gaussian in sums_of("full", features, targets).gaussians(0.0, 0.0):
        expected = np.cov(features[targets == k].numpy().T)
        np.testing.assert_allclose(covariance(gaussian), expected, rtol=1e-7, atol=1e-7)


def test_what_rounding_left_below_zero_counts_as_zero():
    torch.testing.assert_close(
        root(torch.tensor([[4.0, 0.0], [0.0, -1e-9]])).square().sum(dim=1), torch.tensor([4.0, 0.0])
    )
    torch.testing.assert_close(root(torch.tensor([4.0, -1e-9])), torch.tensor([2.0, 0.0]))
    assert torch.equal(root(torch.zeros(2, 2)), torch.zeros(2, 2))


@given(st.sampled_from(SPREADS), st.integers(0, 5), st.permutations(range(18)), st.integers(1, 17))
def test_the_order_and_the_portions_make_no_difference_and_who_leaves_was_never_there(spread, seed, order, cut):
    features, targets = examples(9, 4, 5, seed=seed)
    stays, goes = torch.tensor(order[:cut]), torch.tensor(order[cut:])
    sums = sums_of(spread, features[goes], targets[goes])
    sums.add(features[stays], targets[stays])
    whole = sums_of(spread, features, targets)
    for name, value in whole.kept().items():
        torch.testing.assert_close(sums.kept()[name], value, rtol=1e-12, atol=1e-10)
    sums.remove(features[goes], targets[goes])
    for name, value in sums_of(spread, features[stays], targets[stays]).kept().items():
        torch.testing.assert_close(sums.kept()[name], value, rtol=1e-10, atol=1e-10)


@each_spread
def test_of_a_class_that_left_whole_nothing_is_left_but_zeros(spread):
    features, targets = examples(5, 4, 3)
    sums, gone = sums_of(spread, features, targets), targets == 1
    sums.remove(features[gone], targets[gone])
    assert sums.present.tolist() == [True, False, True]
    assert not sums.sums[1].any() and (spread == "shared" or not sums.squares[1].any())
    sums.remove(features[~gone], targets[~gone])
    assert not any(value.any() for value in sums.kept().values())


@each_spread
def test_more_than_a_class_has_cannot_leave_it(spread):
    features, targets = examples(5, 4, 3)
    sums = sums_of(spread, features[:8], targets[:8])
    before = {name: value.clone() for name, value in sums.kept().items()}
    with pytest.raises(InputError, match="class 1 has 3, and 4 would leave it"):
        sums.remove(features[:9], targets[:9])
    assert all(torch.equal(sums.kept()[name], value) for name, value in before.items())


@each_spread
def test_counted_otherwise_two_classes_become_one_and_there_is_room_for_more(spread):
    features, targets = examples(5, 4, 3)
    found = sums_of(spread, features, targets).recounted(torch.tensor([3, 0, 3]), 4)
    expected = sums_of(spread, features, torch.tensor([3, 0, 3])[targets], 4)
    for name, value in expected.kept().items():
        torch.testing.assert_close(found.kept()[name], value, rtol=1e-12, atol=1e-12)


@each_spread
def test_what_is_kept_comes_back_as_a_copy(spread):
    sums = sums_of(spread, *examples(5, 4, 3))
    again = ClassSums.of(sums.kept(), spread)
    assert all(torch.equal(value, again.kept()[name]) for name, value in sums.kept().items())
    again.add(*examples(1, 1, 1))
    assert not torch.equal(again.counts, sums.counts)


def test_what_does_not_fit_is_refused():
    sums = sums_of("diagonal", *examples(5, 4, 3))
    with pytest.raises(InputError, match="sums for a full covariance are wanted, and those of a diagonal one are kept"):
        ClassSums.of(sums.kept(), "full")
    with pytest.raises(InputError, match="sums for a shared covariance are wanted, and second, counts are not kept"):
        ClassSums.of({"sums": sums.sums}, "shared")
    with pytest.raises(InputError, match=r"sums over 3 classes need squares as finite float64 of \(3, 3, 3\), got"):
        ClassSums("full", sums.squares, sums.sums, sums.counts)
    with pytest.raises(InputError, match="features must be finite, and 1 of 2 are not"):
        sums.add(torch.tensor([[0.0, 0, 0], [0, torch.inf, 0]]), torch.tensor([0, 1]))
    assert int(sums.counts.sum()) == 12
