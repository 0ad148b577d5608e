"""The linear discriminant in closed form: by hand, by Bayes' rule, and as scikit-learn solves it."""

from __future__ import annotations

import math

import pytest
import torch
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from tests.formulas.test_ridge import UNEVEN, drawn, of
from torch.distributions import MultivariateNormal

from onward.errors import InputError
from onward.formulas.discriminant import discriminant
from onward.formulas.moments import Moments

modes = pytest.mark.parametrize("mode", ["paper", "ridge"])


def scatter(features, targets):
    """Σ around the mean of each class, by torch's own covariance of each."""
    shares = (torch.bincount(targets) / len(targets)).tolist()
    return sum(share * torch.cov(features[targets == k].T, correction=0) for k, share in enumerate(shares) if share)


@pytest.mark.parametrize(
    ("mode", "relative", "weight", "intercept"),
    [
        ("paper", False, (-1 / 2, 1 / 2), (math.log(1 / 2) + 1 / 4, math.log(1 / 2) - 3 / 4)),
        ("ridge", False, (-1 / 4, 3 / 4), (math.log(3 / 4) + 1 / 16, math.log(1 / 4) - 15 / 16)),
        ("ridge", True, (-1 / 3, 1), (math.log(3 / 4) + 1 / 12, math.log(1 / 4) - 5 / 4)),
    ],
)
def test_by_hand(mode, relative, weight, intercept):
    """One feature, -1.5, 0 and 1.5 of class 0 and 2 of class 1: means 0 and 2, Σ = 4.5 / 4 = 9/8.

    With λ = 7/8 there are 2 to divide by, with λ = 1/3 of 9/8 there are 3/2. All alike, the mean of the means is 1, so
    rows are -1/2 and 1/2, and half a row times the sums 0 + 1 and 2 + 1 is -1/4 and 3/4. By their examples, shares are
    3/4 and 1/4 and the mean 1/2: rows are -1/2 and 3/2 over 2, or over 3/2, the sums 1/2 and 5/2.
    """
    moments = of(torch.tensor([[-1.5], [0.0], [1.5], [2.0]]), torch.tensor([0, 0, 0, 1]))
    rows = discriminant(moments, 1 / 3 if relative else 7 / 8, mode, relative)
    assert rows.weight[:, 0].tolist() == pytest.approx(weight)
    assert rows.bias.tolist() == pytest.approx(intercept)


def test_of_round_classes_logits_differ_by_half_the_squared_distances_in_units_of_the_mean_variance():
    features, targets = drawn(UNEVEN)
    variance = scatter(features, targets).diagonal().mean() + 0.3
    means = torch.stack([features[targets == k].mean(dim=0) for k in range(5)])
    distances = (features[:, None] - means).square().sum(dim=2) / (2 * variance)
    said = discriminant(of(features, targets), 0.3, "paper", spherical=True).logits(features)
    torch.testing.assert_close(said - said[:, :1], distances[:, :1] - distances, rtol=1e-6, atol=1e-6)


@modes
def test_its_softmax_is_bayes_rule_with_gaussians_of_one_covariance(mode):
    features, targets = drawn(UNEVEN)
    covariance = scatter(features, targets) + 0.3 * torch.eye(6, dtype=torch.float64)
    shares = torch.bincount(targets) / len(targets) if mode == "ridge" else torch.full((5,), 1 / 5)
    densities = [
        MultivariateNormal(features[targets == k].mean(dim=0), covariance).log_prob(features) for k in range(5)
    ]
    posterior = torch.log_softmax(torch.stack(densities, dim=1) + shares.log(), dim=1)
    said = discriminant(of(features, targets), 0.3, mode).logits(features)
    torch.testing.assert_close(torch.log_softmax(said, dim=1), posterior, rtol=1e-6, atol=1e-6)


@modes
def test_it_is_scikit_learns(mode):
    features, targets = drawn(UNEVEN)
    theirs = LinearDiscriminantAnalysis(solver="lsqr").fit(features.numpy(), targets.numpy())
    expected = torch.from_numpy(theirs.predict_log_proba(features.numpy()))
    if mode == "paper":  # its own priors would weigh the covariances of the classes, too
        expected = torch.log_softmax(expected - (torch.bincount(targets) / len(targets)).log(), dim=1)
    said = discriminant(of(features, targets), 0.0, mode).logits(features)
    torch.testing.assert_close(torch.log_softmax(said, dim=1), expected, rtol=1e-6, atol=1e-6)


@modes
def test_features_far_from_zero_give_the_same_probabilities_and_rows_that_are_no_larger(mode):
    """In float32 a row that is large for what all classes share would round away what tells them apart."""
    features, targets = drawn(UNEVEN)
    near, far = (discriminant(of(features + shift, targets), 0.1, mode) for shift in (0.0, 1000.0))
    torch.testing.assert_close(far.weight, near.weight, rtol=1e-5, atol=1e-7)
    torch.testing.assert_close(far.logits(features + 1000.0), near.logits(features), rtol=1e-5, atol=1e-5)


@modes
def test_a_relative_ridge_follows_the_scale_of_features(mode):
    features, targets = drawn(UNEVEN)
    plain, scaled = (discriminant(of(k * features, targets), 0.1, mode, relative=True) for k in (1, 8))
    torch.testing.assert_close(scaled.weight * 8, plain.weight)
    torch.testing.assert_close(scaled.bias, plain.bias)
    absolute = discriminant(of(8 * features, targets), 0.1, mode)
    assert (absolute.weight - scaled.weight).abs().max() > 1e-4


@modes
def test_a_class_without_examples_gets_zeros_and_the_others_what_they_would_get_without_it(mode):
    features, targets = drawn(UNEVEN)
    gaps = torch.tensor([0, 2, 3, 5, 6])
    rows, others = (discriminant(each, 0.1, mode) for each in (of(features, gaps[targets], c=8), of(features, targets)))
    for found, wanted in zip(rows, others, strict=True):
        assert not found[[1, 4, 7]].any()
        torch.testing.assert_close(found[gaps], wanted)


def test_a_feature_that_never_varies_counts_for_nothing():
    features, targets = drawn(UNEVEN)
    longer = torch.cat([features, torch.full((len(features), 1), 0.1, dtype=torch.float64)], dim=1)
    rows, without = discriminant(of(longer, targets), 0.0), discriminant(of(features, targets), 0.0)
    torch.testing.assert_close(rows.logits(longer), without.logits(features))


def test_of_single_examples_an_absolute_ridge_ranks_by_distance_and_a_relative_one_is_refused():
    """Σ is 0: w_c = (μ_c - μ) / λ, and logits differ by -‖h - μ_c‖² / 2 λ."""
    features, targets = torch.randn(4, 3, generator=torch.Generator().manual_seed(0)).double(), torch.arange(4)
    rows = discriminant(of(features, targets), 0.5)
    others = torch.linspace(-1, 1, 15, dtype=torch.float64).view(5, 3)
    distances = torch.cdist(others, features).square()
    torch.testing.assert_close(torch.log_softmax(rows.logits(others), 1), torch.log_softmax(-distances, 1))
    for strength, relative in ((0.5, True), (0.0, False)):
        with pytest.raises(InputError, match=r"all lie at it: bring classes of more .* with relative = false"):
            discriminant(of(features, targets), strength, relative=relative)


def test_what_cannot_be_solved_is_refused():
    moments = of(*drawn(UNEVEN))
    with pytest.raises(InputError, match=r"strength must be finite and ≥ 0, got -0\.1"):
        discriminant(moments, -0.1)
    with pytest.raises(InputError, match=r"unknown mode 'papers'\. Did you mean 'paper'"):
        discriminant(moments, 0.1, "papers")
    with pytest.raises(InputError, match="these moments have none"):
        discriminant(Moments.empty(3, 2), 0.1)
