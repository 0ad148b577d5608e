"""A learner through a stream, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from onward.engine.evaluate import Judgement, judge, laid_together
from onward.engine.log import silent
from onward.engine.update import update
from onward.experiment.convergence import learning_curve
from onward.experiment.results import Outcome
from onward.experiment.watch import probe, watched
from onward.learner import Learner
from onward.metrics.flips import negative_flip_rate
from onward.record import Record
from onward.rng import derived
from onward.settings import Settings
from onward.streams.experience import Experience, Stream

Begin = Callable[[Learner, Experience, int], tuple[Learner, Record]]
"""From a learner without classes, the first experience and a seed, to the learner after it and what it took."""


def walked(
    learner: Learner,
    stream: Stream,
    settings: Settings,
    seed: int,
    *,
    start: Begin | None = None,
    watch: int = 0,
    seen_only: bool = False,
) -> Outcome:
    """Update a learner with each experience in order, and evaluate it on every one after each update.

    What differs between experiments is a parameter each, hence so many.

    Args:
        learner: what it starts with, and the method that updates it.
        stream: what it goes through.
        settings: of every update.
        seed: from which each update gets one of its own.
        start: what learns the first experience in the place of the learner's own method and settings.
        watch: how many examples of each test set are looked at while an update trains; 0 does not look.
        seen_only: experiences to come are not evaluated.

    Raises:
        InputError: when an experience does not fit the model or the method.
        DivergedError: when training is no longer finite.
    """
    rows, within, flips, costs, learning, seen, sizes = [], [], [], [], [], [], []
    before: list[Judgement] = []
    for number, experience in enumerate(stream):
        draws = derived(seed, "update", number)
        look = probe(stream, number, watch, seed) if watch and number else None
        if start is not None and number == 0:
            learner, record = start(learner, experience, draws)
        else:
            learner, record = update(learner, experience.train, settings, draws, observe=look or silent)
        seen += [watched(look)] if look else []
        after = judged(learner, stream[: number + 1] if seen_only else stream)
        rows.append(tuple(judgement.accuracy for judgement in after))
        within.append(tuple(judgement.accuracy_within for judgement in after))
        sizes.append(sum(parameter.numel() for parameter in learner.model.parameters()))
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
        watched=tuple(seen),
        within=tuple(within),
        parameters=tuple(sizes),
    )


def judged(learner: Learner, stream: Stream) -> list[Judgement]:
    """Return what a learner says of each experience's test; a test set that several share is gone through once."""
    sharing = {(id(each.test), each.candidates): each for each in stream}
    found = {
        key: laid_together(judged(learner, each.of)) if each.of else judge(learner, each.test, each.candidates)
        for key, each in sharing.items()
    }
    return [found[id(each.test), each.candidates] for each in stream]


def negative_flips(before: Judgement, after: Judgement) -> float:
    """Return the share of a test set that the parent had right and the child has wrong."""
    # A class that the child does not know gets an id that no prediction has, as it cannot be right.
    targets = np.where(after.targets < 0, len(after.classes), after.targets)
    return negative_flip_rate(before.predicted, after.predicted, targets)
