"""Least squares in closed form: by hand, by the gradient of what it minimises, and as other libraries solve it."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import one_hot

from onward.errors import InputError
from onward.formulas import ridge
from onward.formulas.moments import Moments, balancing
from onward.formulas.ridge import Rows, least_squares, solution
from onward.rng import generator

EVEN, UNEVEN = (30, 30, 30, 30), (5, 10, 100, 40, 7)
modes, biases = pytest.mark.parametrize("mode", ["paper", "ridge"]), pytest.mark.parametrize("bias", [False, True])
each_strength = pytest.mark.parametrize("strength", [0.0, 1e-3, 0.5])


def drawn(counts, d=6, seed=0):
    """Features around a centre for each class, (n, d) float64, and targets, in no order."""
    draws = generator(seed, "ridge")
    targets = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
    targets = targets[torch.randperm(len(targets), generator=draws)]
    centres = 2 * torch.randn(len(counts), d, generator=draws, dtype=torch.float64) + 1
    return centres[targets] + torch.randn(len(targets), d, generator=draws, dtype=torch.float64), targets


def of(features, targets, weights=None, c=None):
    """The moments of examples."""
    moments = Moments.empty(features.shape[1], c or int(targets.max()) + 1)
    moments.add(features, targets, weights)
    return moments


def slopes(rows, features, aims, strength, weights=None):
    """The gradient of Σ w ‖aim - W h - b‖² / Σ w + λ ‖W‖² at the rows, by autograd, as the largest entry."""
    weight, bias = (None if part is None else part.clone().requires_grad_() for part in rows)
    weights = torch.ones(len(features), dtype=torch.float64) if weights is None else weights
    fitted = features @ weight.T + (0 if bias is None else bias)
    (weights @ (aims - fitted).square().sum(dim=1) / weights.sum() + strength * weight.square().sum()).backward()
    return max(part.grad.abs().max().item() for part in (weight, bias) if part is not None)


def assert_rows(one, two, tolerance=1e-10):
    torch.testing.assert_close(one.weight, two.weight, rtol=tolerance, atol=tolerance)
    if one.bias is not None:
        torch.testing.assert_close(one.bias, two.bias, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(
    ("mode", "bias", "relative", "weight", "intercept"),
    [
        ("ridge", False, False, (2 / 9, 2 / 9), None),
        ("paper", False, False, (1 / 6, 2 / 6), None),
        ("ridge", False, True, (2 / 12, 2 / 12), None),
        ("ridge", True, False, (-2 / 11, 2 / 11), (10 / 11, 1 / 11)),
        ("paper", True, False, (-3 / 22, 6 / 22), (1 / 2 + 2 / 11, 1 / 2 - 4 / 11)),
        ("ridge", True, True, (-1 / 2, 1 / 2), (4 / 3, -1 / 3)),
    ],
)
def test_by_hand(mode, bias, relative, weight, intercept):
    """One feature, 1 and 1 of class 0, 2 of class 1, λ = 1: S = 2, class means 1 and 2, mean 4/3, variance 2/9.

    Without bias S + λ is 3, and 4 where λ is relative; with one 2/9 + 1 = 11/9, and 4/9. Shares are 2/3 and 1/3, or
    1/2 each; distances from the mean -1/3 and 2/3. So with bias rows are -2/9 and 2/9, or -1/6 and 2/6, times 9/11 or
    9/4, and the biases the shares less 4/3 of the rows.
    """
    moments = of(torch.tensor([[1.0], [1.0], [2.0]]), torch.tensor([0, 0, 1]))
    rows = least_squares(moments, 1.0, mode, bias, relative)
    assert rows.weight[:, 0].tolist() == pytest.approx(weight)
    assert (rows.bias is None) if intercept is None else rows.bias.tolist() == pytest.approx(intercept)


def test_covariance_and_mean_make_the_second_moment():
    features, targets = drawn(UNEVEN)
    covariance, mean = torch.cov(features.T, correction=0), features.mean(dim=0)
    torch.testing.assert_close(of(features, targets).second / len(features), covariance + mean.outer(mean))


@biases
@each_strength
@pytest.mark.parametrize("counts", [EVEN, UNEVEN])
def test_ridge_minimises_the_squared_error_on_one_hot_targets(counts, bias, strength):
    features, targets = drawn(counts)
    rows = least_squares(of(features, targets), strength, bias=bias)
    assert (rows.bias is not None) == bias
    assert slopes(rows, features, one_hot(targets).double(), strength) < 1e-12
    off = Rows(rows.weight + 1e-3, rows.bias)
    assert slopes(off, features, one_hot(targets).double(), strength) > 1e-4


@biases
@each_strength
def test_paper_minimises_it_on_targets_that_weigh_as_much_for_every_class(bias, strength):
    features, targets = drawn(UNEVEN)
    aims = one_hot(targets) * len(targets) / (len(UNEVEN) * torch.bincount(targets).double())
    rows = least_squares(of(features, targets), strength, "paper", bias)
    assert slopes(rows, features, aims, strength) < 1e-12


@biases
@each_strength
def test_balanced_examples_minimise_the_mean_over_classes_of_their_mean_errors(bias, strength):
    features, targets = drawn(UNEVEN)
    weights = balancing(targets, len(UNEVEN))[targets]
    rows = least_squares(of(features, targets, weights), strength, bias=bias)
    assert slopes(rows, features, one_hot(targets).double(), strength, weights) < 1e-12
    assert_rows(rows, least_squares(of(features, targets, weights), strength, "paper", bias))


@biases
@each_strength
def test_paper_is_ridge_where_classes_are_balanced_and_not_elsewhere(bias, strength):
    for counts, same in ((EVEN, True), (UNEVEN, False)):
        moments = of(*drawn(counts))
        paper, exact = (least_squares(moments, strength, mode, bias).weight for mode in ("paper", "ridge"))
        assert ((paper - exact).abs().max().item() < 1e-12) == same
        assert same or (paper - exact).abs().max() > 0.05


def test_a_feature_that_is_always_1_has_a_penalised_bias_for_its_weight():
    features, targets = drawn(UNEVEN)
    longer = torch.cat([features, torch.ones(len(features), 1, dtype=torch.float64)], dim=1)
    extended = least_squares(of(longer, targets), 0.5)
    weight, bias = (part.clone().requires_grad_() for part in extended.weight.split([6, 1], dim=1))
    errors = one_hot(targets) - features @ weight.T - bias[:, 0]
    (errors.square().sum(dim=1).mean() + 0.5 * (weight.square().sum() + bias.square().sum())).backward()
    assert max(part.grad.abs().max().item() for part in (weight, bias)) < 1e-12


@biases
@pytest.mark.parametrize("strength", [1e-3, 0.5])
def test_it_is_scikit_learns_ridge_with_n_times_the_strength(bias, strength):
    linear = pytest.importorskip("sklearn.linear_model", reason="scikit-learn is not installed")
    features, targets = drawn(UNEVEN)
    model = linear.Ridge(alpha=strength * len(features), fit_intercept=bias, solver="cholesky")
    model.fit(features.numpy(), one_hot(targets).double().numpy())
    theirs = Rows(torch.from_numpy(model.coef_), torch.as_tensor(model.intercept_))
    assert_rows(least_squares(of(features, targets), strength, bias=bias), theirs)


@biases
def test_weights_are_scikit_learns(bias):
    linear = pytest.importorskip("sklearn.linear_model", reason="scikit-learn is not installed")
    features, targets = drawn(UNEVEN)
    weights = torch.rand(len(features), generator=generator(1, "weights"), dtype=torch.float64)
    model = linear.Ridge(alpha=0.1 * weights.sum().item(), fit_intercept=bias, solver="cholesky")
    model.fit(features.numpy(), one_hot(targets).double().numpy(), sample_weight=weights.numpy())
    theirs = Rows(torch.from_numpy(model.coef_), torch.as_tensor(model.intercept_))
    assert_rows(least_squares(of(features, targets, weights), 0.1, bias=bias), theirs)


def dependent(kind):
    """Features that are linearly independent, or are not in one of several ways, and targets."""
    features, targets = drawn((4, 9, 20))
    if kind == "a dead feature":
        features[:, 2] = 0
    if kind == "a feature twice":
        features[:, 2] = features[:, 4]
    if kind == "a sum of features":
        features[:, 2] = features[:, 4] + 2 * features[:, 5]
    if kind == "fewer examples than features":
        features, targets = features[:5], torch.tensor([0, 1, 2, 2, 1])
    if kind == "one example":
        features, targets = features[:1], torch.tensor([2])
    if kind == "nothing but zeros":
        features = torch.zeros_like(features)
    return features, targets


KINDS = ["full rank", "a dead feature", "a feature twice", "a sum of features", "fewer examples than features"]


@pytest.mark.parametrize("kind", [*KINDS, "one example", "nothing but zeros"])
def test_without_a_ridge_it_is_the_shortest_of_the_best(kind):
    features, targets = dependent(kind)
    theirs = torch.linalg.lstsq(features, one_hot(targets, 3).double(), driver="gelsd").solution.T
    assert_rows(least_squares(of(features, targets, c=3), 0.0), Rows(theirs, None), 1e-8)


@pytest.mark.parametrize("kind", [*KINDS, "one example", "nothing but zeros"])
def test_with_a_bias_too(kind):
    linear = pytest.importorskip("sklearn.linear_model", reason="scikit-learn is not installed")
    features, targets = dependent(kind)
    model = linear.LinearRegression().fit(features.numpy(), one_hot(targets, 3).double().numpy())
    theirs = Rows(torch.from_numpy(model.coef_), torch.from_numpy(model.intercept_))
    assert_rows(least_squares(of(features, targets, c=3), 0.0, bias=True), theirs, 1e-8)


def test_features_that_never_vary_leave_everything_to_the_bias():
    """Second moment less mean times mean is rounding here, which is not to be divided by."""
    features = torch.tensor([[0.1, 1e3 / 3, -7.7]]).expand(30, 3)
    targets = torch.tensor([0, 1, 1]).repeat(10)
    rows = least_squares(of(features, targets), 0.0, bias=True)
    assert rows.weight.abs().max() == 0 and rows.bias.tolist() == pytest.approx([1 / 3, 2 / 3])


@pytest.mark.parametrize("kind", KINDS)
def test_a_ridge_that_fades_ends_at_the_shortest(kind):
    moments = of(*dependent(kind), c=3)
    assert_rows(least_squares(moments, 1e-9), least_squares(moments, 0.0), 1e-5)


def test_eigenvectors_are_only_asked_where_cholesky_cannot_tell(monkeypatch):
    asked = []
    monkeypatch.setattr(ridge.torch.linalg, "eigh", lambda matrix: asked.append(matrix))
    least_squares(of(*dependent("full rank")), 0.0)
    least_squares(of(*dependent("a feature twice")), 1e-4)
    assert not asked


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(1, 6), st.integers(0, 6))
def test_a_solution_is_the_pseudoinverses(seed, d, rank):
    draws = generator(seed, "solution")
    root = torch.randn(d, min(rank, d), generator=draws, dtype=torch.float64)
    right = torch.randn(d, 2, generator=draws, dtype=torch.float64)
    matrix = root @ root.T
    if torch.linalg.matrix_rank(matrix, rtol=1e-5, hermitian=True) == root.shape[1]:
        found, inverse = solution(matrix, right, 1e-12 * matrix.trace()), torch.linalg.pinv(matrix, rtol=1e-10)
        torch.testing.assert_close(found, inverse @ right, rtol=1e-6, atol=1e-6)


@modes
@biases
def test_a_class_without_examples_gets_zeros_and_the_others_what_they_would_get_without_it(mode, bias):
    features, targets = drawn(UNEVEN)
    gaps = torch.tensor([0, 2, 3, 5, 6])
    dense, sparse = of(features, targets), of(features, gaps[targets], c=8)
    rows, others = least_squares(sparse, 0.1, mode, bias), least_squares(dense, 0.1, mode, bias)
    for found, wanted in zip(rows, others, strict=True):
        if found is not None:
            assert not found[[1, 4, 7]].any()
            torch.testing.assert_close(found[gaps], wanted, rtol=1e-12, atol=1e-15)
    assert sparse.present.tolist() == [True, False, True, True, False, True, True, False]


@modes
def test_a_single_class_has_the_whitened_mean_or_with_a_bias_nothing_but_it(mode):
    features, targets = drawn((12,), d=3)
    second, mean = features.T @ features / 12, features.mean(dim=0)
    whitened = torch.linalg.inv(second + 0.1 * torch.eye(3)) @ mean
    torch.testing.assert_close(least_squares(of(features, targets), 0.1, mode).weight[0], whitened)
    rows = least_squares(of(features, targets), 0.1, mode, bias=True)
    assert not rows.weight.any() and rows.bias.tolist() == [1]


@modes
@biases
def test_a_relative_ridge_follows_the_scale_of_features(mode, bias):
    features, targets = drawn(UNEVEN)
    plain, scaled = (least_squares(of(k * features, targets), 0.1, mode, bias, relative=True) for k in (1, 8))
    assert_rows(plain, Rows(8 * scaled.weight, scaled.bias))
    absolute = least_squares(of(8 * features, targets), 0.1, mode, bias)
    assert (absolute.weight - scaled.weight).abs().max() > 1e-4


@modes
@biases
@each_strength
def test_removed_examples_leave_the_rows_that_are_fitted_without_them(mode, bias, strength):
    features, targets = drawn(UNEVEN)
    moments = of(features, targets)
    moments.remove(features[::3], targets[::3])
    stay = torch.arange(len(targets)) % 3 > 0
    without = of(features[stay], targets[stay])
    assert_rows(least_squares(moments, strength, mode, bias), least_squares(without, strength, mode, bias))


def test_rows_are_float64_and_the_moments_are_left_as_they_were():
    features, targets = drawn(EVEN)
    moments = of(features.float(), targets)
    before = {name: value.clone() for name, value in moments.kept().items()}
    rows = least_squares(moments, 0.1, bias=True, relative=True)
    assert rows.weight.dtype == rows.bias.dtype == torch.float64
    assert all(torch.equal(value, before[name]) for name, value in moments.kept().items())


@biases
def test_rows_make_logits_and_a_factor_makes_them_larger(bias):
    """Row (1, 2) and bias 3 make of the features (5, 7) a logit of 19 + 3."""
    weight, intercept = torch.tensor([[1.0, 2.0]]).double(), torch.tensor([3.0]).double() if bias else None
    rows, features = Rows(weight, intercept), torch.tensor([[5.0, 7.0]], dtype=torch.bfloat16)
    logit = 22.0 if bias else 19.0
    assert rows.logits(features).item() == logit and rows.times(4).logits(features).item() == 4 * logit
    assert rows.logits(features).dtype == torch.float64


def test_what_cannot_be_solved_is_refused():
    moments = of(*drawn(EVEN))
    for strength in (-0.1, float("nan"), float("inf")):
        with pytest.raises(InputError, match=f"strength must be finite and ≥ 0, got {strength}"):
            least_squares(moments, strength)
    with pytest.raises(InputError, match=r"unknown mode 'papers'\. Did you mean 'paper'"):
        least_squares(moments, 0.1, "papers")
    with pytest.raises(InputError, match="these moments have none"):
        least_squares(Moments.empty(3, 2), 0.1)
