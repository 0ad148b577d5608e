"""Loss and accuracy along the straight line between two versions (mode connectivity)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from onward.blend.parts import Parts, Statistics, related
from onward.engine.curvature import top_eigenvalues
from onward.engine.mean_loss import MeanLoss, mean_loss
from onward.errors import InputError
from onward.metrics.barrier import Profile
from onward.release.held_out import HeldOut


@dataclass(frozen=True)
class Sharpness:
    """The largest eigenvalues of the loss's Hessian at both ends of a line, each largest first.

    Args:
        data: the source of the data set.
        first: at the first version.
        second: at the second one.
    """

    data: str
    first: tuple[float, ...]
    second: tuple[float, ...]


@dataclass(frozen=True)
class Connection:
    """What lies between two versions.

    Args:
        first: id, at α = 0.
        second: id, at α = 1.
        related: whether they descend from one version.
        statistics: what became of batch norm's running statistics.
        profiles: of each data set.
        sharpness: of each data set; () where it was not asked for.
    """

    first: str
    second: str
    related: bool
    statistics: Statistics
    profiles: tuple[Profile, ...]
    sharpness: tuple[Sharpness, ...] = ()


def connection(parts: Parts, sets: Sequence[HeldOut], points: int = 11, curvature: int = 0) -> Connection:
    """Return loss and accuracy at evenly spaced points of the line between two versions.

    A class that only one of them knows has a row of zeros at the other end: its logit grows along the line.

    Args:
        parts: two versions.
        sets: data sets on which to look, at least one.
        points: how many, both ends among them; at least 2.
        curvature: how many eigenvalues of the Hessian at both ends; 0 takes none.

    Raises:
        InputError: when there are too few points, or a data set has a class that neither version knows.
    """
    if points < 2:
        raise InputError(f"a line is looked at in 2 points at least, got {points}")
    alphas, found = grid(points), []
    for alpha in alphas:  # one network at a time: they may be large
        learner = parts.between(alpha)
        found.append([mean_loss(learner, each.data) for each in sets])
    first, second = parts.parts
    columns = zip(sets, zip(*found, strict=True), strict=True)
    return Connection(
        first=first.version.id,
        second=second.version.id,
        related=related(first, second),
        statistics=parts.done_about_statistics,
        profiles=tuple(profile(each, alphas, column) for each, column in columns),
        sharpness=sharpness(parts, sets, curvature) if curvature else (),
    )


def grid(points: int) -> tuple[float, ...]:
    """Return evenly spaced places in [0, 1], both ends among them.

    >>> grid(5)
    (0.0, 0.25, 0.5, 0.75, 1.0)
    """
    return tuple(k / (points - 1) for k in range(points))


def profile(held: HeldOut, alphas: Sequence[float], found: Sequence[MeanLoss]) -> Profile:
    """Return a data set along a line, from what was found at each place."""
    losses, accuracies = tuple(each.loss for each in found), tuple(each.accuracy for each in found)
    return Profile(held.source, tuple(alphas), losses, accuracies)


def sharpness(parts: Parts, sets: Sequence[HeldOut], count: int) -> tuple[Sharpness, ...]:
    """Return the largest eigenvalues at both ends of a line, on each data set."""
    first, second = (
        [top_eigenvalues(model, each.data, count) for each in sets]
        for model in (parts.between(0.0).model, parts.between(1.0).model)
    )
    return tuple(Sharpness(each.source, *pair) for each, *pair in zip(sets, first, second, strict=True))
