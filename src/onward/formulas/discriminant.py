"""Linear discriminant analysis: the classes as Gaussians of one covariance, in closed form."""

from __future__ import annotations

import math

import torch

from onward.errors import InputError, hold
from onward.formulas.moments import Moments, within_classes
from onward.formulas.ridge import SINGULAR, Mode, Rows, shares_of, solution


def discriminant(
    moments: Moments, strength: float, mode: Mode = "ridge", relative: bool = False, spherical: bool = False
) -> Rows:
    """Return the rows whose softmax is the probability of each class, were each a Gaussian of one covariance.

    With class means μ_c, Σ = (1/n) Σ (h - μ_y)(h - μ_y)ᵀ over all n examples, λ the strength, π_c the share of a class
    and μ = Σ π_c μ_c:

        w_c = (Σ + λI)⁻¹ (μ_c - μ),   b_c = log π_c - ½ w_c · (μ_c + μ)

    By Bayes' rule w_c would be (Σ + λI)⁻¹ μ_c; what is left out is the same for every class, so that no probability
    moves, and large where features lie far from zero: in float32 it would swallow what tells classes apart.

    A class without examples gets a row of zeros; ``moments.present`` tells which have any. Where Σ and λ are singular
    to working precision, directions in which no class varies count for nothing.

    Args:
        moments: of the features.
        strength: λ, 0 or more.
        mode: π_c: ``ridge``, n_c / n; ``paper``, the same for every class that has examples.
        relative: whether λ is in units of the mean variance of a feature within a class, tr(Σ) / d.
        spherical: put (tr(Σ) / d) I in the place of Σ. With every class alike the nearest mean then has the largest
            logit: half a squared distance by that variance is what logits differ by.

    Raises:
        InputError: when there is no example, λ is negative, or no example differs from its class's mean and λ does not
            help.
    """
    hold({"strength must be finite and ≥ 0": 0 <= strength < math.inf}, {"strength": strength})
    shares, present = shares_of(moments, mode), moments.present[:, None]
    n = moments.counts.sum()
    matrix = within_classes(moments.second, moments.sums, moments.counts) / n
    negligible = SINGULAR * moments.second.trace() / n
    if (relative or not strength) and not bool(matrix.trace() > negligible * len(matrix)):
        raise InputError(
            "a discriminant asks how examples lie around the mean of their class, and all lie at it: bring classes of "
            "more than one example, or set a ridge > 0 with relative = false, which ranks classes by distance"
        )
    if spherical:
        matrix = matrix.diagonal().mean() * torch.eye(len(matrix), dtype=matrix.dtype, device=matrix.device)
    matrix.diagonal().add_(strength * (matrix.diagonal().mean() if relative else 1))
    means = moments.sums / moments.counts.where(moments.present, 1)[:, None]
    mean = (shares * means).sum(dim=0)
    weight = solution(matrix, ((means - mean) * present).T, negligible).T
    bias = shares.where(present, 1).log()[:, 0] - (weight * (means + mean)).sum(dim=1) / 2
    return Rows(weight, bias)
