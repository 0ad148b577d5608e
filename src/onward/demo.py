"""The arrivals of the demonstration: real digits, cut and changed as a year of use would."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from onward.datasets.published.named import load
from onward.rng import generator
from onward.streams.shifts import Brightening, Rotation, Shift, shifted
from onward.types import Data, Examples, subset

KNOWN, NEW = tuple("0123456"), tuple("789")
"""The classes that version 1 knows, and those that come later."""

SCANNER: tuple[Shift, ...] = (Rotation(15.0), Brightening(0.7, 0.15))
"""What another scanner does to a page: askew, paler, on grey."""


@dataclass(frozen=True)
class Week:
    """One arrival.

    Args:
        name: of its file.
        told: what happens, for the reader.
        train: what arrives.
        test: what its effect is judged on.
        test_name: of that one's file; the same file for the same test set.
    """

    name: str
    told: str
    train: Data
    test: Data
    test_name: str


def story(seed: int) -> tuple[Week, ...]:
    """Return the arrivals in order; they share no example, and no test example is ever trained on."""
    train, test = load("digits", "train"), load("digits", "test")
    order = torch.randperm(len(train), generator=generator(seed, "demo"))
    bounds = [len(train) * percent // 100 for percent in (49, 73, 86)]
    first, more, late, pages = order.tensor_split(bounds)
    old, new, page_test = of(test, None, KNOWN), of(test, None, NEW), scanned(test)
    unseen = of(train, torch.cat([first, late]), NEW)
    return (
        Week("week-1", "version 1 learns the digits 0 to 6", of(train, first, KNOWN), old, "digits-0-6"),
        Week("week-2", "more of the same digits arrive", of(train, more, KNOWN), old, "digits-0-6"),
        Week("week-3", "three new digits arrive: 7, 8 and 9", unseen, new, "digits-7-9"),
        Week("week-4", "pages come from another scanner", scanned(subset(train, pages)), page_test, "scanner"),
    )


def poisoned(seed: int) -> Week:
    """Return an arrival in which every label is off by one."""
    train, test = load("digits", "train"), load("digits", "test")
    rows = torch.randperm(len(train), generator=generator(seed, "demo", "poison"))[:700]
    off = (train.targets[rows] + 1) % len(train.classes)
    spoilt = Examples(train.inputs[rows], off, train.classes)
    return Week("week-5", "a broken export: every label is off by one", spoilt, scanned(test), "scanner")


def of(data: Examples, rows: torch.Tensor | None, names: tuple[str, ...]) -> Data:
    """Return the examples of the named classes, among the given rows; None is all."""
    wanted = torch.tensor([data.classes.index(name) for name in names])
    among = torch.arange(len(data)) if rows is None else rows
    return subset(data, among[torch.isin(data.targets[among], wanted)])


def scanned(data: Data) -> Data:
    """Return the pages as the other scanner gives them."""
    for shift in SCANNER:
        data = shifted(data, shift)
    return data


def written(data: Data, path: Path) -> Path:
    """Write examples as an ``.npz`` file, as a user would have them."""
    batch = data.take(torch.arange(len(data)))
    np.savez(path, x=batch.inputs.numpy(), y=batch.targets.numpy(), classes=np.array(data.classes))
    return path
