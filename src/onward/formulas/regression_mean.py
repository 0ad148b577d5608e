"""The mean of two layers that answers as each did on its own inputs, in closed form."""

from __future__ import annotations

import torch
from torch import Tensor

RIDGE = 1e-3
"""Of the mean diagonal entry: so much both count in every direction, and where neither has seen more of an input, the
plain mean is taken. With 1e-6 learning broke down in a later update on Rotated MNIST."""


def regression_mean(one: Tensor, other: Tensor, one_gram: Tensor, other_gram: Tensor) -> Tensor:
    """Return the rows W that answer most like each of two where that one's inputs lie.

    With G_i = Σ h hᵀ over the inputs of layer i, the minimiser of

        Σ_h ‖W h − W_1 h‖² + Σ_h ‖W h − W_2 h‖²  =  Σ_i tr (W − W_i) G_i (W − W_i)ᵀ

    is (W_1 G_1 + W_2 G_2) (G_1 + G_2)⁻¹ (Jin et al. 2023, arXiv:2212.09849, Eq. 2). It is taken as a step from W_2, so
    that rows which are equal stay so to the bit.

    Args:
        one: W_1, (rows, d).
        other: W_2, (rows, d).
        one_gram: G_1, (d, d), or its diagonal, (d,).
        other_gram: G_2, in the same form.

    Returns:
        (rows, d), in the type and on the device of ``other``. It is solved in float64.
    """
    first, second = one_gram.cpu().double(), other_gram.cpu().double()  # not every accelerator has float64
    apart = (one - other).cpu().double()
    whole = first + second
    ridge = RIDGE / 2 * diagonal(whole).mean().clamp(min=1e-30)
    if whole.ndim == 1:
        step = apart * (first + ridge) / (whole + 2 * ridge)
    else:
        own = apart @ first + ridge * apart
        diagonal(whole).add_(2 * ridge)
        step = torch.linalg.solve(whole, own, left=False)
    return other + step.to(other)


def less_correlated(gram: Tensor, share: float) -> Tensor:
    """Return a Gram matrix, (d, d), with what lies off its diagonal times ``share``; of a diagonal, (d,), itself."""
    if gram.ndim == 1 or share == 1:
        return gram
    less = gram * share
    diagonal(less).copy_(diagonal(gram))
    return less


def alike(one: Tensor, other: Tensor) -> tuple[Tensor, Tensor]:
    """Return two Gram matrices in one form: as their diagonals where of either there is no more."""
    return (one, other) if one.ndim == other.ndim else (diagonal(one), diagonal(other))


def diagonal(gram: Tensor) -> Tensor:
    """Return the diagonal, (d,), of a matrix or of itself; what is written there is written in it."""
    return gram if gram.ndim == 1 else gram.diagonal()


def packed(gram: Tensor) -> Tensor:
    """Return the upper triangle of a symmetric matrix in one row, (d (d + 1) / 2,); of a diagonal, itself."""
    return gram if gram.ndim == 1 else gram[tuple(torch.triu_indices(*gram.shape, device=gram.device))]


def unpacked(values: Tensor, d: int) -> Tensor:
    """Return the matrix, (d, d), whose upper triangle was packed, or the diagonal, (d,), that was."""
    if values.numel() == d > 1:
        return values
    gram = values.new_zeros(d, d)
    rows, columns = torch.triu_indices(d, d, device=values.device)
    gram[rows, columns] = values
    gram[columns, rows] = values
    return gram
