"""Which mean of some versions is best on held-out data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from onward.blend.connection import grid
from onward.blend.parts import Parts
from onward.engine.mean_loss import mean_loss
from onward.release.held_out import HeldOut


@dataclass(frozen=True)
class Tried:
    """A mean that was tried.

    Args:
        weights: one for each version; they sum to 1.
        accuracy: its mean over the data sets, whatever their sizes: old and new count alike.
        loss: as well.
    """

    weights: tuple[float, ...]
    accuracy: float
    loss: float


@dataclass(frozen=True)
class Choice:
    """What was chosen, and all that was tried."""

    chosen: Tried
    tried: tuple[Tried, ...]


def tried(parts: Parts, weights: Sequence[float], sets: Sequence[HeldOut]) -> Tried:
    """Return how a mean does on held-out data, each set of which is read once."""
    learner, whole = parts.learner(weights), sum(weights)
    found = [mean_loss(learner, each.data) for each in sets]
    shares = tuple(weight / whole for weight in weights)
    return Tried(shares, fmean(each.accuracy for each in found), fmean(each.loss for each in found))


def best_alpha(parts: Parts, sets: Sequence[HeldOut], points: int = 11) -> Choice:
    """Return the best of evenly spaced points between two versions, both ends among them.

    The highest accuracy, then the lowest loss, then the least α is best. With a fine-tuned model and the one that it
    came from this is WiSE-FT (Wortsman et al. 2022, arXiv:2109.01903).

    Args:
        parts: two versions.
        sets: held-out data, at least one.
        points: how many, at least 2.
    """
    every = tuple(tried(parts, (1 - alpha, alpha), sets) for alpha in grid(points))
    return Choice(max(every, key=lambda each: (each.accuracy, -each.loss)), every)


def greedy_soup(parts: Parts, sets: Sequence[HeldOut]) -> Choice:
    """Return the equal mean of those versions that help one another (Wortsman et al. 2022, arXiv:2203.05482, recipe 1).

    They are taken from the most accurate to the least. One comes in if the mean with it is at least as accurate as the
    mean without; so the mean is at least as accurate as the best version alone.

    Args:
        parts: versions, the first of which comes first where several are as accurate.
        sets: held-out data, at least one.
    """
    count = len(parts.parts)
    alone = [tried(parts, [float(k == own) for k in range(count)], sets) for own in range(count)]
    best, *others = sorted(range(count), key=lambda own: -alone[own].accuracy)
    inside, chosen, every = {best}, alone[best], list(alone)
    for own in others:
        mean = tried(parts, [float(k in inside or k == own) for k in range(count)], sets)
        every.append(mean)
        if mean.accuracy >= chosen.accuracy:
            inside, chosen = inside | {own}, mean
    return Choice(chosen, tuple(every))
