"""Real digits as they arrive, and versions in use that know some of them."""

from __future__ import annotations

from functools import cache

import torch

from onward.catalogue import parsed
from onward.datasets.source import read
from onward.demo import SCANNER
from onward.engine.update import update
from onward.learner import Learner
from onward.nets.zoo import fresh
from onward.rng import generator
from onward.settings import Settings
from onward.streams.shifts import Rotation, shifted
from onward.types import Data, subset

ALL, OLD, NEW = "0123456789", "0123456", "789"


@cache
def digits(split: str) -> Data:
    """All of a part."""
    return read(f"digits:{split}")


def of(data: Data, names: str) -> Data:
    """The examples of some digits."""
    return subset(data, torch.isin(data.targets, torch.tensor([int(name) for name in names])).nonzero()[:, 0])


def begun(names: str = ALL) -> Data:
    """What the versions have learned: 800 examples, those of some digits."""
    return of(subset(digits("train"), order()[:800]), names)


def arrived(names: str = ALL) -> Data:
    """What they have not seen: some 640 examples, those of some digits."""
    return of(subset(digits("train"), order()[800:]), names)


def held(names: str = ALL) -> dict[str, Data]:
    """The old test sets."""
    return {"digits:test": of(digits("test"), names)}


def order() -> torch.Tensor:
    """A shuffle of the training part."""
    return torch.randperm(len(digits("train")), generator=generator(0, "arrivals"))


def turned(data: Data, degrees: float = 20.0) -> Data:
    """The same pages askew."""
    return shifted(data, Rotation(degrees))


def scanned(data: Data) -> Data:
    """The same pages from another scanner."""
    for change in SCANNER:
        data = shifted(data, change)
    return data


@cache
def version(names: str = ALL, method: str = "warm_start") -> Learner:
    """A version in use that knows some digits, right of nineteen in twenty."""
    model = fresh("mlp", (1, 8, 8), seed=0, width=64, depth=2)
    return update(Learner(model, parsed(method)), begun(names), Settings(epochs=15))[0]
