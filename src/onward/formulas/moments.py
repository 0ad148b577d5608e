"""All that least squares asks of features: sums over examples, whose number they do not grow with."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from onward.errors import InputError, listed
from onward.types import Kept

BLOCK = 1024
"""How many examples are held in float64 at once."""

ROUNDING = 1e-9
"""A share of what was removed from a class; what is left and weighs less is rounding."""


@dataclass(frozen=True, eq=False)
class Moments:
    """Sums over examples h of some class and weight w. Examples enter and leave them; none is held.

    In what order and in what portions they come makes no difference but rounding, which in float64 is small enough for
    an example to be taken out again as if it had never been there.

    Args:
        second: Σ w h hᵀ, (d, d) float64.
        sums: Σ w h by class, (c, d) float64.
        counts: Σ w by class, (c,) float64.

    Raises:
        InputError: when the three do not fit one another or are not finite.
    """

    second: Tensor
    sums: Tensor
    counts: Tensor

    def __post_init__(self) -> None:
        """Check that the three fit."""
        c, d = self.counts.numel(), math.prod(self.second.shape[-1:])
        for name, shape in {"second": (d, d), "sums": (c, d), "counts": (c,)}.items():
            value = getattr(self, name)
            if value.dtype != torch.float64 or value.shape != shape:
                raise InputError(f"moments of {c} classes need {name} as float64 of shape {shape}, got {form(value)}")
            if not finite(value):
                raise InputError(f"moments must be finite, and {name} is not; make them anew from features that are")

    @classmethod
    def empty(cls, d: int, c: int, device: str | torch.device = "cpu") -> Moments:
        """Return the sums over no example, of d features and c classes."""
        shapes = ((d, d), (c, d), (c,))
        return cls(*(torch.zeros(shape, dtype=torch.float64, device=device) for shape in shapes))

    @classmethod
    def of(cls, kept: Kept) -> Moments:
        """Return a copy of what ``kept`` gave, which then changes without it.

        Raises:
            InputError: when one of the three is missing or does not fit.
        """
        names = cls.__dataclass_fields__
        missing = [name for name in names if name not in kept]
        if missing:
            raise InputError(f"moments are kept as {listed(names)}, and there is no {listed(missing)}")
        return cls(*(kept[name].clone() for name in names))

    def kept(self) -> dict[str, Tensor]:
        """Return the three by name, not copied."""
        return {"second": self.second, "sums": self.sums, "counts": self.counts}

    @property
    def present(self) -> Tensor:
        """Which classes have examples, (c,) bool."""
        return self.counts > 0

    def add(self, features: Tensor, targets: Tensor, weights: Tensor | None = None) -> None:
        """Count examples in, in place.

        Args:
            features: (b, d), of any float dtype; they are counted as they are, without gradient.
            targets: the class ids, (b,) int64.
            weights: (b,), 0 or more; an example of weight 2 counts as two. None for 1 each.

        Raises:
            InputError: when they do not fit; nothing is counted then.
        """
        self._change(1, features, targets, self._weights(features, targets, weights))

    def remove(self, features: Tensor, targets: Tensor, weights: Tensor | None = None) -> None:
        """Count examples out, in place: what is left is what there would be had they never come in.

        Args:
            features: (b, d), with targets and weights as they were when they were added.
            targets: the class ids, (b,) int64.
            weights: (b,); None for 1 each.

        Raises:
            InputError: when they do not fit, or weigh more than the class has; nothing is changed then.
        """
        checked = self._weights(features, targets, weights)
        gone = torch.zeros_like(self.counts).index_add_(0, targets.to(self.counts.device), checked)
        over = gone > self.counts + ROUNDING * gone
        if over.any():
            k = int(over.nonzero()[0])
            told = f"class {k} weighs {self.counts[k].item():g}, and {gone[k].item():g} would leave it"
            raise InputError(f"only examples that were added can be removed: {told}")
        self._change(-1, features, targets, checked)
        left = self.counts > ROUNDING * gone
        for total in (self.sums, self.counts):
            total[~left] = 0
        if not left.any():
            self.second.zero_()

    def grown(self, c: int) -> Moments:
        """Return a copy with room for c classes, of which the first are those that there are.

        Raises:
            InputError: when there are more than c.
        """
        more, d = c - len(self.counts), len(self.second)
        if more < 0:
            raise InputError(f"moments know {len(self.counts)} classes and cannot do with {c}: classes only grow")
        sums = torch.cat([self.sums, self.sums.new_zeros(more, d)])
        return Moments(self.second.clone(), sums, torch.cat([self.counts, self.counts.new_zeros(more)]))

    def merged(self, other: Moments) -> Moments:
        """Return the moments of the examples of both, where this one lies; both count the same classes from 0 on.

        Raises:
            InputError: when their features are not equally many.
        """
        if len(self.second) != len(other.second):
            widths = f"{len(self.second)} and {len(other.second)} features"
            raise InputError(f"moments of {widths} cannot be merged: they are of different backbones")
        both = self.grown(max(len(self.counts), len(other.counts)))
        for total, part in zip(both.kept().values(), other.kept().values(), strict=True):
            total[: len(part)] += part.to(total.device)
        return both

    def _weights(self, features: Tensor, targets: Tensor, weights: Tensor | None) -> Tensor:
        """Return the weights as they are counted, (b,); refuse what does not fit."""
        c, d = self.sums.shape
        b = len(features) if features.ndim else 0
        if features.ndim != 2 or features.shape[1] != d or not features.is_floating_point():
            raise InputError(f"features must be floats of shape (b, {d}), got {form(features)}")
        if targets.dtype != torch.int64 or targets.shape != (b,):
            raise InputError(f"{b} features need as many int64 class ids, got {form(targets)}")
        if not finite(features):
            rows = int((~features.isfinite()).any(dim=1).sum())
            raise InputError(f"features must be finite, and {rows} of {b} are not; look at the network that made them")
        if b and not 0 <= int(targets.min()) <= int(targets.max()) < c:
            wrong = targets[(targets < 0) | (targets >= c)].unique().tolist()
            raise InputError(f"class ids must lie in [0, {c}), got {listed(wrong, most=5)}; grow the moments first")
        if weights is None:
            return self.counts.new_ones(b)
        if weights.shape != (b,) or not finite(weights) or bool((weights < 0).any()):
            told = listed(weights.flatten().tolist(), most=5)
            raise InputError(f"{b} features need as many finite weights of 0 or more, got {form(weights)}: {told}")
        return weights.detach().to(self.counts)

    def _change(self, sign: int, features: Tensor, targets: Tensor, weights: Tensor) -> None:
        """Add the sums over examples, or take them away; float64 holds the square of any smaller float exactly."""
        weighted = not bool((weights == 1).all())
        for rows in blocks(len(features)):
            h, y, w = features[rows].detach().to(self.second), targets[rows].to(self.second.device), weights[rows]
            wh = h * w[:, None] if weighted else h
            self.second.addmm_(h.T, wh, alpha=sign)
            self.sums.index_add_(0, y, wh, alpha=sign)
            self.counts.index_add_(0, y, w, alpha=sign)


def within_classes(second: Tensor, sums: Tensor, counts: Tensor) -> Tensor:
    """Return Σ (h - μ)(h - μ)ᵀ over all examples, μ the mean of each one's class, (d, d).

    Args:
        second: Σ h hᵀ, (d, d).
        sums: Σ h by class, (c, d).
        counts: n_c, (c,).
    """
    rooted = sums / counts.where(counts > 0, 1).sqrt()[:, None]
    return second - rooted.T @ rooted


def balancing(targets: Tensor, c: int) -> Tensor:
    """Return the weight of an example of each class with which every class weighs 1 in all, 1 / n_c, (c,) float64.

    Args:
        targets: the class ids, (n,) int64, of all examples that are to balance one another: not batch by batch.
        c: classes; of one without examples it is 0.
    """
    counts = torch.bincount(targets, minlength=c).double()
    return counts.clamp(min=1).reciprocal() * (counts > 0)


def blocks(n: int) -> Iterator[slice]:
    """Yield n places in order, at most ``BLOCK`` at a time."""
    return (slice(start, start + BLOCK) for start in range(0, n, BLOCK))


def finite(values: Tensor) -> bool:
    """Return whether all of them are, without a copy of them."""
    return not values.numel() or bool(torch.stack(values.aminmax()).isfinite().all())


def form(values: Tensor) -> str:
    """Return dtype and shape, for a message."""
    return f"{str(values.dtype).removeprefix('torch.')} of shape {tuple(values.shape)}"
