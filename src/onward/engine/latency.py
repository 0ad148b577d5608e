"""How long a version takes to predict, beside another."""

from __future__ import annotations

import statistics
import time

from torch import Tensor

from onward.learner import Learner

ROUNDS = 15
"""How often each is timed; one round before them is not counted."""


def latency_ratio(child: Learner, parent: Learner, inputs: Tensor, rounds: int = ROUNDS) -> float:
    """Return the median time that the child takes to predict over the parent's.

    They take turns, and who comes first changes from round to round, so that what slows the machine for a while slows
    both. What a learner predicts lies on the host, so on a GPU the work is done when the time is taken.

    Args:
        child: the new version.
        parent: the one in use, on the same device.
        inputs: (n, *shape), as they come in use: one for the time of one request.
        rounds: how often each is timed, >= 1.
    """
    pair = (child, parent)
    taken: tuple[list[float], list[float]] = ([], [])
    for each in pair:
        each.predict(inputs)
    for turn in range(rounds):
        for place in (0, 1) if turn % 2 else (1, 0):
            began = time.perf_counter()
            pair[place].predict(inputs)
            taken[place].append(time.perf_counter() - began)
    return statistics.median(taken[0]) / statistics.median(taken[1])
