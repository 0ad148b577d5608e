"""Loss and accuracy along the straight line between two versions (mode connectivity)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from onward.blend.parts import Parts, Statistics, related
from onward.engine.curvature import top_eigenvalues
from onward.engine.mean_loss import mean_loss
from onward.errors import InputError
from onward.learner import Learner
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
    alphas = grid(points)
    learners = [parts.between(alpha) for alpha in alphas]
    profiles = [profile(learners, alphas, each) for each in sets]
    ends = learners[0].model, learners[-1].model
    sharp = [
        Sharpness(each.source, *(top_eigenvalues(end, each.data, curvature) for end in ends))
        for each in sets
        if curvature
    ]
    first, second = parts.parts
    return Connection(
        first=first.version.id,
        second=second.version.id,
        related=related(first, second),
        statistics=parts.done_about_statistics,
        profiles=tuple(profiles),
        sharpness=tuple(sharp),
    )


def grid(points: int) -> tuple[float, ...]:
    """Return evenly spaced places in [0, 1], both ends among them.

    >>> grid(5)
    (0.0, 0.25, 0.5, 0.75, 1.0)
    """
    return tuple(k / (points - 1) for k in range(points))


def profile(learners: Sequence[Learner], alphas: Sequence[float], held: HeldOut) -> Profile:
    """Return a data set along a line, one learner for each place."""
    found = [mean_loss(learner, held.data) for learner in learners]
    losses, accuracies = tuple(each.loss for each in found), tuple(each.accuracy for each in found)
    return Profile(held.source, tuple(alphas), losses, accuracies)
