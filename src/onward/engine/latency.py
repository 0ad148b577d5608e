"""How long versions take to predict, beside one another."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence

from torch import Tensor

from onward.learner import Learner

ROUNDS = 15
"""How often each is timed; one round before them is not counted."""


def latency_ratio(child: Learner, parent: Learner, inputs: Tensor, rounds: int = ROUNDS) -> float:
    """Return the median time that the child takes to predict over the parent's; see ``medians``."""
    after, before = medians((child, parent), inputs, rounds)
    return after / before


def medians(learners: Sequence[Learner], inputs: Tensor, rounds: int = ROUNDS) -> list[float]:
    """Return the median time that each learner takes to predict, in seconds.

    They take turns, and their order is turned round from round to round, so that what slows the machine for a while
    slows all. What a learner predicts lies on the host, so on a GPU the work is done when the time is taken.

    Args:
        learners: all on the same device.
        inputs: (n, *shape), as they come in use: one for the time of one request.
        rounds: how often each is timed, >= 1.
    """
    taken: list[list[float]] = [[] for _ in learners]
    for each in learners:
        each.predict(inputs)
    for turn in range(rounds):
        for place in range(len(learners))[:: 1 if turn % 2 else -1]:
            began = time.perf_counter()
            learners[place].predict(inputs)
            taken[place].append(time.perf_counter() - began)
    return [statistics.median(each) for each in taken]
