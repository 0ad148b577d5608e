"""What a card announces, against the weights that lie beside it: before memory is taken for a network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch

from onward.errors import OnwardError, StoreError
from onward.nets.classifier import Spec
from onward.nets.zoo import NOT_WHOLE, build

SIZES = ("width", "depth", "members", "features", "sizes", "reads")
"""Under which names a spec tells how much there is of something that has weights."""


def hold_to_weights(spec: Spec, weights: Path, version: str) -> None:
    """Refuse a network with more numbers than the file of its weights has bytes.

    Args:
        spec: of the network.
        weights: the file.
        version: for the message.

    Raises:
        StoreError: when it is such a network; no memory was taken for it.
    """
    held = weights.stat().st_size
    most = max(sizes_in(spec), default=0)
    if most <= held:
        most = numbers_of(spec)
    if most > held:
        raise StoreError(
            f"version {version}: the network in its card has {most:,} numbers or more, and its weights are {held:,} "
            "bytes. The card is damaged; restore it from a copy."
        )


def sizes_in(values: Any, counts: bool = False) -> Iterator[int]:  # noqa: ANN401 - JSON
    """Yield the whole numbers under the names of ``SIZES`` in nested values."""
    if isinstance(values, Mapping):
        for name, value in values.items():
            yield from sizes_in(value, name in SIZES)
    elif isinstance(values, list | tuple):
        for value in values:
            yield from sizes_in(value, counts)
    elif counts and isinstance(values, int):
        yield values


def numbers_of(spec: Spec) -> int:
    """Return how many numbers the weights of a network are; 0 where that cannot be told without making it.

    A network of a user's is not made for this: its factory would run twice.
    """
    if "'imported'" in repr(spec):
        return 0
    try:
        with torch.device("meta"):
            return sum(tensor.numel() for tensor in build(spec).state_dict().values())
    except (OnwardError, *NOT_WHOLE):
        return 0
