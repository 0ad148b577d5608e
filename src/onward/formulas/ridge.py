"""Linear least squares of one-hot targets on features, with a ridge, in closed form."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple, get_args

import torch
from torch import Tensor
from torch.nn import functional as F

from onward.errors import InputError, hold, unknown
from onward.formulas.moments import Moments

Mode = Literal["paper", "ridge"]
"""How much each class counts among the targets: ``paper`` all alike, ``ridge`` by its examples."""

SINGULAR = 1e-11
"""Of the features' mean squared length: by as much may sums in float64 over millions of examples be off."""


class Rows(NamedTuple):
    """Rows of a linear head, a class each: weight is (c, d) float64; bias (c,) float64, or None."""

    weight: Tensor
    bias: Tensor | None

    def logits(self, features: Tensor) -> Tensor:
        """Return the logits of features, (b, d) of any float dtype, as (b, c) float64."""
        return F.linear(features.to(self.weight), self.weight, self.bias)

    def times(self, factor: float) -> Rows:
        """Return the rows whose logits are so many times as large."""
        return Rows(self.weight * factor, None if self.bias is None else self.bias * factor)


def least_squares(
    moments: Moments, strength: float, mode: Mode = "ridge", bias: bool = False, relative: bool = False
) -> Rows:
    """Return the rows that fit one-hot targets best.

    With n examples, n_c of class c, class means μ_c, S = (1/n) Σ h hᵀ and λ the strength, row c is

    - ``ridge``: (n_c/n) μ_cᵀ (S + λI)⁻¹, the minimiser of (1/n) Σ ‖y - W h‖² + λ ‖W‖²;
    - ``paper``: (1/C) μ_cᵀ (S + λI)⁻¹, C the classes that have examples (Harun and Kanan 2025, arXiv:2503.06385,
      after Han, Papyan and Donoho 2022). It is the same where classes are balanced. Where they are not, it is the
      minimiser with n / (C n_c) in the place of the 1 in y.

    ``ridge`` on moments whose examples were weighed by ``moments.balancing`` is a third, in which S too counts every
    class alike; where examples were added at several times, they are balanced within each of them.

    A bias is not penalised: with μ = (1/n) Σ h, row c is (n_c/n) (μ_c - μ)ᵀ (S - μμᵀ + λI)⁻¹ and its bias
    n_c/n - row · μ. The paper names none; 1/C in place of n_c/n is an inference of ours.

    A class without examples gets a row of zeros; ``moments.present`` tells which have any. Of a single class the
    target is always 1: without a bias its row is that of the whitened mean, with one it is zero and the bias 1.

    Where matrix and λ are singular to working precision, the rows are the shortest of those that fit best.

    Args:
        moments: of the features.
        strength: λ, 0 or more.
        mode: how much each class counts.
        bias: whether there is one.
        relative: whether λ is in units of the mean variance of a feature, tr(S) / d; with a bias, around its mean.

    Raises:
        InputError: when there is no example, or λ is negative.
    """
    hold({"strength must be finite and ≥ 0": 0 <= strength < math.inf}, {"strength": strength})
    shares, n = shares_of(moments, mode), moments.counts.sum()
    matrix = moments.second / n
    negligible = SINGULAR * matrix.trace()
    mean = moments.sums.sum(dim=0) / n if bias else torch.zeros_like(matrix[0])
    matrix.addr_(mean, mean, alpha=-1)
    matrix.diagonal().add_(strength * (matrix.diagonal().mean() if relative else 1))
    aims = shares * (moments.sums / moments.counts.where(moments.present, 1)[:, None] - mean)
    weight = solution(matrix, aims.T, negligible).T
    return Rows(weight, shares[:, 0] - weight @ mean if bias else None)


def shares_of(moments: Moments, mode: Mode) -> Tensor:
    """Return by how much each class counts, (c, 1), 1 in all; one without examples counts nothing.

    Raises:
        InputError: when there is no such mode, or no example.
    """
    if mode not in get_args(Mode):
        raise unknown("mode", mode, get_args(Mode))
    if not moments.present.any():
        raise InputError("rows are solved from examples, and these moments have none; add features first")
    counted = moments.counts if mode == "ridge" else moments.present.double()
    return (counted / counted.sum())[:, None]


def solution(matrix: Tensor, right: Tensor, negligible: Tensor | float) -> Tensor:
    """Return X of ``matrix @ X = right``; of several, or of none, the shortest that comes nearest.

    Args:
        matrix: (d, d), symmetric, no eigenvalue below 0 but for rounding.
        right: (d, c).
        negligible: an eigenvalue of no more than this is 0 but for rounding.

    Returns:
        (d, c), by Cholesky's factor; where that has a negligible pivot by eigenvectors, which takes several times as
        long, and then 0 along those of a negligible eigenvalue.
    """
    factor, failed = torch.linalg.cholesky_ex(matrix)
    if not failed and bool((factor.diagonal().square() > negligible).all()):
        return torch.cholesky_solve(right, factor)
    values, vectors = torch.linalg.eigh(matrix)
    telling = values > negligible
    values, vectors = values[telling], vectors[:, telling]
    return vectors @ (vectors.T @ right / values[:, None])
