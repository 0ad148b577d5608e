"""How the loss goes along the straight line between two networks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Profile:
    """A data set along the line θ(α) = (1 − α) θ₀ + α θ₁.

    Args:
        data: its source.
        alphas: k places, the first 0 and the last 1.
        losses: the mean loss at each, in nats, (k,).
        accuracies: the share predicted right at each, (k,).
    """

    data: str
    alphas: tuple[float, ...]
    losses: tuple[float, ...]
    accuracies: tuple[float, ...]

    @property
    def barrier(self) -> float:
        """The height of the loss barrier; see :func:`barrier`."""
        return barrier(self.alphas, self.losses)

    @property
    def highest(self) -> float:
        """Where the barrier is highest, as an α; 0 where there is none."""
        return self.alphas[int(excess(self.alphas, self.losses).argmax())]


def excess(alphas: Sequence[float], losses: Sequence[float]) -> NDArray[np.float64]:
    """Return by how much the loss lies above the straight line between its values at both ends, (k,).

    It is 0 at both ends, and nowhere above 0 where the loss is convex along the line.

    Args:
        alphas: k places, the first 0 and the last 1.
        losses: at each of them, (k,).
    """
    places, values = np.asarray(alphas, dtype=np.float64), np.asarray(losses, dtype=np.float64)
    return values - ((1 - places) * values[0] + places * values[-1])


def barrier(alphas: Sequence[float], losses: Sequence[float]) -> float:
    """Return the height of the loss barrier between two networks: the largest excess over the straight line.

        max_α  L(θ(α)) − ((1 − α) L(θ₀) + α L(θ₁))

    It is >= 0, for the ends have none. This is the form of Entezari et al. 2022 (arXiv:2110.06296, definition 1).
    Frankle et al. 2020 (arXiv:1912.05671, section 2) take the largest loss over the mean of both ends instead; where
    these have the same loss the two are one. Paths between trained networks go back to Garipov et al. 2018
    (arXiv:1802.10026).

    Args:
        alphas: as :func:`excess` takes them.
        losses: as well.
    """
    return float(excess(alphas, losses).max())
