"""A learner through a stream, and what comes of it."""

from __future__ import annotations

import numpy as np

from onward.engine.evaluate import Judgement, judge
from onward.engine.update import update
from onward.experiment.convergence import learning_curve
from onward.experiment.results import Outcome
from onward.learner import Learner
from onward.metrics.flips import negative_flip_rate
from onward.rng import derived
from onward.settings import Settings
from onward.streams.experience import Stream


def walked(learner: Learner, stream: Stream, settings: Settings, seed: int) -> Outcome:
    """Update a learner with each experience in order, and evaluate it on every one after each update.

    Args:
        learner: what it starts with, and the method that updates it.
        stream: what it goes through.
        settings: of every update.
        seed: from which each update gets one of its own.

    Raises:
        InputError: when an experience does not fit the model or the method.
        DivergedError: when training is no longer finite.
    """
    rows, flips, costs, learning = [], [], [], []
    before: list[Judgement] = []
    for number, experience in enumerate(stream):
        learner, record = update(learner, experience.train, settings, derived(seed, "update", number))
        after = judged(learner, stream)
        rows.append(tuple(judgement.accuracy for judgement in after))
        flips.append(tuple(negative_flips(*pair) for pair in zip(before[:number], after[:number], strict=True)))
        costs.append(record.cost)
        learning.append(learning_curve(record))
        before = after
    return Outcome(
        experiences=tuple(each.name for each in stream),
        arrived=tuple(len(each.train) for each in stream),
        tested=tuple(len(each.test) for each in stream),
        accuracy=tuple(rows),
        negative_flips=tuple(flips),
        costs=tuple(costs),
        learning=tuple(learning),
    )


def judged(learner: Learner, stream: Stream) -> list[Judgement]:
    """Return what a learner says of each experience's test; a test set that several share is gone through once."""
    sharing = {(id(each.test), each.candidates): each for each in stream}
    found = {key: judge(learner, each.test, each.candidates) for key, each in sharing.items()}
    return [found[id(each.test), each.candidates] for each in stream]


def negative_flips(before: Judgement, after: Judgement) -> float:
    """Return the share of a test set that the parent had right and the child has wrong."""
    # A class that the child does not know gets an id that no prediction has, as it cannot be right.
    targets = np.where(after.targets < 0, len(after.classes), after.targets)
    return negative_flip_rate(before.predicted, after.predicted, targets)
