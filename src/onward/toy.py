"""Two small problems on which a method shows what it does, in a fraction of a second."""

from __future__ import annotations

from typing import NamedTuple

import torch

from onward.engine.evaluate import judge
from onward.engine.update import update
from onward.learner import Learner
from onward.method import Method
from onward.nets.zoo import fresh
from onward.rng import generator
from onward.settings import Settings
from onward.types import Examples

SETTINGS = Settings(epochs=30, batch_size=20, lr=0.05)


class Outcome(NamedTuple):
    """Accuracy after the second of two updates, on the first one's test data and on the second one's."""

    old: float
    new: float


def two_blobs(method: Method, seed: int = 0) -> Outcome:
    """Learn two classes and then two others: four blobs in the plane, 50 examples each."""
    a = blobs({"north": (0.0, 2.0), "south": (0.0, -2.0)}, seed)
    b = blobs({"east": (2.0, 0.0), "west": (-2.0, 0.0)}, seed + 1)
    return through(method, a, b, seed)


def two_tilts(method: Method, seed: int = 0) -> Outcome:
    """Learn two classes, and then the same two under a border that has turned by 60 degrees."""
    a = blobs({"left": (-2.0, 0.0), "right": (2.0, 0.0)}, seed, spread=0.8)
    b = blobs({"left": (-1.0, -1.73), "right": (1.0, 1.73)}, seed + 1, spread=0.8)
    return through(method, a, b, seed)


def through(method: Method, a: Examples, b: Examples, seed: int) -> Outcome:
    """Update a small network with ``a`` and then with ``b``."""
    learner = Learner(fresh("mlp", (2,), seed, width=16, depth=1), method)
    for data in (a, b):
        learner, _ = update(learner, data, SETTINGS, seed)
    return Outcome(judge(learner, a).accuracy, judge(learner, b).accuracy)


def blobs(centres: dict[str, tuple[float, float]], seed: int, n: int = 50, spread: float = 0.3) -> Examples:
    """Return ``n`` normal examples around each centre, named by it."""
    targets = torch.arange(len(centres)).repeat_interleave(n)
    noise = torch.randn(len(targets), 2, generator=generator(seed, "blobs"))
    return Examples(torch.tensor(list(centres.values()))[targets] + spread * noise, targets, tuple(centres))
