"""What an update is like while it trains, beside what comes of it."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from onward.engine.probe import Probe
from onward.rng import derived, generator
from onward.streams.experience import Stream, together
from onward.types import Data, subset


@dataclass(frozen=True)
class Watched:
    """The readings of one update: before its first step, after so many steps, and at its end.

    Args:
        steps: that had been taken at each, (r,), from 0.
        new: accuracy on the classes, or domain, that arrived, (r,).
        old: accuracy on the experiences before, (r,).
        loss: on the training batches, memory included, its mean from each reading to the next, (r - 1,).
    """

    steps: tuple[int, ...]
    new: tuple[float, ...]
    old: tuple[float, ...]
    loss: tuple[float, ...]


def probe(stream: Stream, number: int, examples: int, seed: int) -> Probe:
    """Return what watches the update with an experience that has others before it.

    Args:
        stream: of experiences.
        number: the experience's place in it, >= 1.
        examples: how many of each test set are looked at, at most; the same ones at each reading.
        seed: by which they are drawn.
    """
    tests = {"new": stream[number].test, "old": together(stream[:number])[0].test}
    return Probe({name: some(test, examples, derived(seed, "watch", number, name)) for name, test in tests.items()})


def some(data: Data, examples: int, seed: int) -> Data:
    """Return so many examples of data, drawn at random; all where there are no more."""
    order = torch.randperm(len(data), generator=generator(seed))
    return subset(data, order[:examples].sort().values)


def watched(probe: Probe) -> Watched:
    """Return what a probe read."""
    loss = tuple(next(iter(terms.values())) for terms in probe.terms[1:])
    return Watched(tuple(probe.steps), tuple(probe.accuracy["new"]), tuple(probe.accuracy["old"]), loss)
