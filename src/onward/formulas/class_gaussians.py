"""A Gaussian for each class, from sums over its examples that they can leave again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from onward.errors import InputError, listed
from onward.formulas.moments import blocks, finite, form, within_classes
from onward.types import Kept

Spread = Literal["shared", "full", "diagonal"]
"""How the examples of a class lie around its mean: as those of all classes do, each class by itself, or each class and
feature by itself."""

SQUARES: Mapping[Spread, str] = {"shared": "second", "full": "second_by_class", "diagonal": "squares"}
"""Under which name the sums of products are kept."""


class Gaussian(NamedTuple):
    """A normal distribution. mean: (d,); root: L with L Lᵀ its covariance, (d, d), or the diagonal of L, (d,)."""

    mean: Tensor
    root: Tensor

    def at(self, noise: Tensor) -> Tensor:
        """Return μ + L z of each row z of standard normal noise, (m, d)."""
        return self.mean + (noise * self.root if self.root.ndim == 1 else noise @ self.root.T)


@dataclass(frozen=True, eq=False)
class ClassSums:
    """Sums over the examples h of each class k. Examples enter and leave them; none is held.

    Args:
        spread: which products are summed.
        squares: Σ h hᵀ over all examples, (d, d); by class, (c, d, d); or its diagonal by class, (c, d); float64.
        sums: Σ h by class, (c, d) float64.
        counts: n_k, (c,) float64.

    Raises:
        InputError: when they do not fit one another or are not finite.
    """

    spread: Spread
    squares: Tensor
    sums: Tensor
    counts: Tensor

    def __post_init__(self) -> None:
        """Check that they fit."""
        c, d = self.counts.numel(), self.sums.shape[-1]
        for name, shape in {"squares": shape_of(self.spread, c, d), "sums": (c, d), "counts": (c,)}.items():
            value = getattr(self, name)
            if value.dtype != torch.float64 or value.shape != shape or not finite(value):
                raise InputError(f"sums over {c} classes need {name} as finite float64 of {shape}, got {form(value)}")

    @classmethod
    def empty(cls, spread: Spread, d: int, c: int, device: str | torch.device = "cpu") -> ClassSums:
        """Return the sums over no example, of d features and c classes."""
        shapes = (shape_of(spread, c, d), (c, d), (c,))
        return cls(spread, *(torch.zeros(shape, dtype=torch.float64, device=device) for shape in shapes))

    @classmethod
    def of(cls, kept: Kept, spread: Spread) -> ClassSums:
        """Return a copy of what ``kept`` gave, which then changes without it.

        Raises:
            InputError: when sums of this spread are not there, or do not fit.
        """
        names = (SQUARES[spread], "sums", "counts")
        if missing := [name for name in names if name not in kept]:
            other = [each for each, name in SQUARES.items() if name in kept]
            told = f"those of a {listed(other)} one are kept" if other else f"{listed(missing)} are not kept"
            raise InputError(f"sums for a {spread} covariance are wanted, and {told}; go on with what is kept")
        return cls(spread, *(kept[name].clone() for name in names))

    def kept(self) -> dict[str, Tensor]:
        """Return the three by name, not copied."""
        return {SQUARES[self.spread]: self.squares, "sums": self.sums, "counts": self.counts}

    @property
    def present(self) -> Tensor:
        """Which classes have examples, (c,) bool."""
        return self.counts > 0

    def add(self, features: Tensor, targets: Tensor) -> None:
        """Count examples in, in place.

        Args:
            features: (b, d) of any float dtype.
            targets: the class ids, (b,) int64. Sorted by class they are counted faster.

        Raises:
            InputError: when a feature is not finite; nothing is counted then.
        """
        if not finite(features):
            rows = int((~features.isfinite()).any(dim=1).sum())
            raise InputError(f"features must be finite, and {rows} of {len(features)} are not; look at the network")
        self._change(1, features, targets)

    def remove(self, features: Tensor, targets: Tensor) -> None:
        """Count examples out, in place: what is left is what there would be had they never come in.

        Args:
            features: (b, d), as they were when they were added.
            targets: the class ids, (b,) int64.

        Raises:
            InputError: when a class has fewer examples than are to leave it; nothing is changed then.
        """
        gone = torch.bincount(targets, minlength=len(self.counts)).to(self.counts)
        if (gone > self.counts).any():
            k = int((gone > self.counts).nonzero()[0])
            told = f"class {k} has {int(self.counts[k])}, and {int(gone[k])} would leave it"
            raise InputError(f"only examples that were added can be removed: {told}")
        self._change(-1, features, targets)
        self.sums[~self.present] = 0
        if self.spread != "shared":
            self.squares[~self.present] = 0
        elif not self.present.any():
            self.squares.zero_()

    def recounted(self, places: Tensor, c: int) -> ClassSums:
        """Return the sums with class k counted as ``places[k]``, (c before,) int64, of c; several may become one."""
        return ClassSums(
            self.spread,
            self.squares if self.spread == "shared" else regrouped(self.squares, places, c),
            regrouped(self.sums, places, c),
            regrouped(self.counts, places, c),
        )

    def gaussians(self, ridge: float, shrinkage: float) -> Iterator[tuple[int, Gaussian]]:
        """Yield the id and the Gaussian of each class that has examples.

        With S_k the covariance of class k over n_k - 1, S the mean of all S_k by these weights and v = tr(S) / d:

            Σ_k = ((n_k - 1) S_k + s S) / (n_k - 1 + s) + λ v I,   or  S + λ v I  where it is shared

        Args:
            ridge: λ >= 0.
            shrinkage: s >= 0, as so many examples the covariance of all classes counts beside a class's own.
        """
        pooled = self._scatter_of_all() / max(float(self.counts.sum() - self.present.sum()), 1.0)
        spread = pooled if pooled.ndim == 1 else pooled.diagonal()
        floor = ridge * spread.mean().clamp(min=0).expand(len(spread))
        floor = floor if pooled.ndim == 1 else floor.diag()
        shared = root(pooled + floor) if self.spread == "shared" else None
        for k in self.present.nonzero()[:, 0].tolist():
            mean, weight = self.sums[k] / self.counts[k], float(self.counts[k]) - 1 + shrinkage
            if shared is None:
                product = mean.square() if pooled.ndim == 1 else torch.outer(mean, mean)
                scatter = self.squares[k] - self.counts[k] * product
                own = (scatter + shrinkage * pooled) / weight if weight else torch.zeros_like(pooled)
                yield k, Gaussian(mean, root(own + floor))
            else:
                yield k, Gaussian(mean, shared)

    def _scatter_of_all(self) -> Tensor:
        """Return Σ (h - μ)(h - μ)ᵀ over all classes, μ the mean of each, or its diagonal."""
        if self.spread == "diagonal":
            return (self.squares - self.sums.square() / self.counts.clamp(min=1)[:, None]).sum(dim=0)
        squares = self.squares if self.spread == "shared" else self.squares.sum(dim=0)
        return within_classes(squares, self.sums, self.counts)

    def _change(self, sign: int, features: Tensor, targets: Tensor) -> None:
        """Add the sums over examples, or take them away."""
        for rows in blocks(len(features)):
            h, y = features[rows].detach().to(self.sums), targets[rows].to(self.sums.device)
            if self.spread == "shared":
                self.squares.addmm_(h.T, h, alpha=sign)
            elif self.spread == "diagonal":
                self.squares.index_add_(0, y, h.square(), alpha=sign)
            else:
                for k in y.unique().tolist():
                    own = h[y == k]
                    self.squares[k].addmm_(own.T, own, alpha=sign)
            self.sums.index_add_(0, y, h, alpha=sign)
            self.counts.index_add_(0, y, torch.ones_like(y, dtype=self.counts.dtype), alpha=sign)


def shape_of(spread: Spread, c: int, d: int) -> tuple[int, ...]:
    """Return the shape of the sums of products."""
    return {"shared": (d, d), "full": (c, d, d), "diagonal": (c, d)}[spread]


def regrouped(values: Tensor, places: Tensor, c: int) -> Tensor:
    """Return values by class, (k, ...), summed by the class that each is counted as, (c, ...)."""
    return values.new_zeros(c, *values.shape[1:]).index_add_(0, places.to(values.device), values)


def root(covariance: Tensor) -> Tensor:
    """Return L with L Lᵀ = Σ.

    It is Cholesky's factor. Where Σ is not positive definite, as of fewer examples than features or by rounding, it is
    V diag(√max(e, 0)) of the eigenvalues e and vectors V: that of the nearest matrix that is a covariance.

    Args:
        covariance: Σ, (d, d) symmetric, or its diagonal, (d,), of which the diagonal of L comes back.
    """
    if covariance.ndim == 1:
        return covariance.clamp(min=0).sqrt()
    lower, failed = torch.linalg.cholesky_ex(covariance)
    if not failed:
        return lower
    values, vectors = torch.linalg.eigh(covariance)
    return vectors * values.clamp(min=0).sqrt()
