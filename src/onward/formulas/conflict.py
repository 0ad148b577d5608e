"""What of a gradient does not go against another, or against any of several."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import starmap

import torch
from torch import Tensor


def without_conflict(gradient: Sequence[Tensor], reference: Sequence[Tensor]) -> list[Tensor]:
    """Return a gradient that a step can follow without raising, to first order, the loss of another.

        g̃ = g − (gᵀ r / rᵀ r) r  where gᵀ r < 0, else g        (Chaudhry et al. 2019, arXiv:1812.00420, Eq. 11)

    It is the nearest to g of all that have g̃ᵀ r >= 0. Without a conflict the tensors come back as they are.

    Args:
        gradient: g, one tensor or more, of any shapes.
        reference: r, in the same order and shapes.
    """
    along = inner(gradient, reference)
    if along >= 0:  # a reference of zeros is in nobody's way
        return list(gradient)
    share = float(along / inner(reference, reference))
    return list(torch._foreach_sub(list(gradient), torch._foreach_mul(list(reference), share)))


def without_conflicts(
    gradient: Sequence[Tensor], references: Sequence[Sequence[Tensor]], margin: float = 0.0, ridge: float = 0.0
) -> list[Tensor]:
    """Return a gradient that a step can follow without raising, to first order, any of several losses.

        g̃ = g + Σ_k v_k r_k,   v = argmin ½ ‖g + Σ_k v_k r_k‖² + ρ/2 ‖v‖²,  v_k >= γ
                                                                                (Lopez-Paz & Ranzato 2017, Eq. 11)

    where some gᵀ r_k < 0, else g: the tensors come back as they are then, as where a product is not finite. With γ and
    ρ = 0 it is the nearest to g of all that have g̃ᵀ r_k >= 0 for every k, and of one reference ``without_conflict``.
    With γ > 0 it is the nearest to g + γ Σ r_k of these. With ρ > 0 a reference as short as √ρ has little say.

    The products of all pairs, (k + 1)² numbers, are all that leaves the device.

    Args:
        gradient: g, one tensor or more, of any shapes.
        references: r_1 ..., each in the same order and shapes.
        margin: γ >= 0.
        ridge: ρ >= 0.
    """
    shares = multipliers(products([gradient, *references]).cpu().double(), margin, ridge)
    left = list(gradient)
    for share, reference in zip(shares.tolist(), references, strict=False):
        if share:
            left = list(torch._foreach_add(left, list(reference), alpha=share))
    return left


def multipliers(gram: Tensor, margin: float, ridge: float = 0.0) -> Tensor:
    """Return v, (k,) float64; (0,) where nothing goes against anything.

    Non-negative least squares in as many variables as there are references: with P = R Rᵀ + ρ I, of the references R,
    and u = v - γ >= 0, ‖A u - b‖² is least, where AᵀA = P and Aᵀb = -(R g + γ P 1); A is P's root by its eigenvectors.

    Args:
        gram: the products of the gradient, first, and the references with one another, (k + 1, k + 1) float64.
        margin: γ >= 0.
        ridge: ρ >= 0.
    """
    along, among = gram[1:, 0], gram[1:, 1:]
    if not bool((along < 0).any()) or not bool(gram.isfinite().all()):
        return along[:0]
    from scipy.optimize import nnls  # takes a second, which whatever asks for no projection need not wait for

    among = among + ridge * torch.eye(len(among), dtype=among.dtype)
    values, vectors = torch.linalg.eigh(among)
    telling = values > ROUNDING * values[-1]
    root, vectors = values[telling].sqrt(), vectors[:, telling]
    wanted = -(vectors.T @ (along + margin * among.sum(dim=1))) / root
    found, _ = nnls((root[:, None] * vectors.T).numpy(), wanted.numpy())
    return torch.from_numpy(found) + margin


ROUNDING = 1e-7
"""Of the largest: directions in which references differ by less, in float32, differ by rounding."""


def products(every: Sequence[Sequence[Tensor]]) -> Tensor:
    """Return the inner products of k lists of tensors of the same shapes with one another, (k, k)."""

    def of_one(*each: Tensor) -> Tensor:
        rows = torch.stack([tensor.flatten() for tensor in each])
        rows = rows.to(torch.promote_types(rows.dtype, torch.float32))
        return rows @ rows.T

    return torch.stack(list(starmap(of_one, zip(*every, strict=True)))).sum(dim=0)


def inner(one: Sequence[Tensor], other: Sequence[Tensor]) -> Tensor:
    """Return the inner product of two lists of tensors of the same shapes, a scalar."""
    return torch.stack([product.sum() for product in torch._foreach_mul(list(one), list(other))]).sum()
