"""The inputs on which an exported file is held against its version."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from onward.datasets.reading import Reading
from onward.datasets.source import read
from onward.engine.check import check_shape
from onward.errors import InputError, OnwardError
from onward.nets.classifier import Classifier
from onward.rng import generator
from onward.transform import TextTransform

MOST = 64
"""The most inputs that are compared."""


@dataclass(frozen=True)
class Probe:
    """Where the inputs come from that a file is checked on.

    Args:
        source: of examples; see ``datasets.source``. None is the lineage's first test set that can be read, else
            made-up inputs.
        data_dir: where data sets by name are looked for; None is the usual places.
    """

    source: str | None = None
    data_dir: Path | None = None


@dataclass(frozen=True, eq=False)
class Probed:
    """Inputs as they are stored, (n, *shape), and the source they are from; "" for made-up ones."""

    inputs: Tensor
    source: str


def probed(probe: Probe, tests: Iterable[str], model: Classifier) -> Probed:
    """Return inputs of the model.

    Args:
        probe: where from.
        tests: sources of the lineage's test sets.
        model: what is to take them.

    Raises:
        InputError: when the source that was named cannot be read, or there is none and inputs cannot be made up.
    """
    if probe.source is not None:
        return some(probe.source, probe.data_dir, model)
    for source in tests:
        try:
            return some(source, probe.data_dir, model)
        except OnwardError:  # it moved, or what reads it is not installed: the next may do
            continue
    return Probed(made_up(model), "")


def some(source: str, data_dir: Path | None, model: Classifier) -> Probed:
    """Return inputs from all over a source: test sets are often sorted by class.

    Raises:
        InputError: when it cannot be read, is empty, or the model cannot take its inputs.
    """
    data = read(source, data_dir, Reading(model.backbone.transform, labels=False))
    if not len(data):
        raise InputError(f"{source} is empty; there is nothing to check with")
    check_shape(data, model)
    count = min(MOST, len(data))
    return Probed(data.take(torch.arange(count) * len(data) // count).inputs, source)


def made_up(model: Classifier) -> Tensor:
    """Return random inputs of the shape that the model states: bytes for an image, normal floats for others.

    Raises:
        InputError: when it states none, or takes token ids, of which it does not say how many there are.
    """
    shape = model.backbone.shape
    if not shape or isinstance(model.backbone.transform, TextTransform):
        raise InputError(
            "no test set of the lineage can be read, and what an input of the network looks like is not stated; name "
            "examples to check with: --inputs SOURCE"
        )
    draws = generator(0, "export", "inputs")
    if len(shape) == 3:
        return torch.randint(0, 256, (MOST, *shape), dtype=torch.uint8, generator=draws)
    return torch.randn(MOST, *shape, generator=draws)
