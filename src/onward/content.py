"""Examples known by their content: what finds duplicates, samples to be forgotten, and data that has changed."""

from __future__ import annotations

import hashlib
import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, uint8

from onward.types import Batch, Data, in_order

Digests = NDArray[np.uint64]

STRETCH = 4096
"""Examples of which a fingerprint takes first all inputs, then all class names; a whole number of batches."""


@dataclass(frozen=True, eq=False)
class Contents:
    """What data holds.

    Args:
        digests: of each example, (n,) uint64; see :func:`digests`.
        fingerprint: of all of them; see :func:`fingerprint`.
    """

    digests: Digests
    fingerprint: str


def contents(data: Data) -> Contents:
    """Return both, for which all data is gone through once."""
    whole, found = Whole(data.classes), []
    with ThreadPoolExecutor(1) as beside:  # hashing lets go of Python's lock
        for batch in in_order(data):
            added = beside.submit(whole.add, batch)
            found.append(of_each(batch.inputs))
            added.result()
    return Contents(np.concatenate(found), whole.told())


def digests(data: Data) -> Digests:
    """Return 64 bits of each example's content, (n,) uint64: its shape, its type and every byte, not its class.

    Two of a million different examples have the same digest with a probability below 1e-7 (BLAKE2b).
    """
    return np.concatenate([of_each(batch.inputs) for batch in in_order(data)])


def fingerprint(data: Data) -> str:
    """Return a hash of the examples in their order: shapes, types, every byte, and the name of each one's class."""
    whole = Whole(data.classes)
    for batch in in_order(data):
        whole.add(batch)
    return whole.told()


class Whole:
    """The fingerprint in the making (SHA-256)."""

    def __init__(self, classes: tuple[str, ...]) -> None:
        """Begin with no example. classes: the name of each class id."""
        self._classes = classes
        self._digest = hashlib.sha256()
        self._names: list[str] = []

    def add(self, batch: Batch) -> None:
        """Take in the examples that come next, a batch of which ``STRETCH`` is a multiple unless it is the last."""
        if not self._names:
            self._digest.update(form(batch.inputs))
        self._digest.update(in_bytes(batch.inputs).reshape(-1).data)
        self._names += [self._classes[k] for k in batch.targets.tolist()]
        if len(self._names) == STRETCH:
            self._end_stretch()

    def told(self) -> str:
        """Return the fingerprint of all that was added."""
        self._end_stretch()
        return self._digest.hexdigest()

    def _end_stretch(self) -> None:
        self._digest.update("\x1f".join(self._names).encode(errors="surrogatepass"))
        self._names = []


def of_each(inputs: Tensor) -> Digests:
    """Return the digest of each of some inputs, (b, *shape)."""
    key = form(inputs)[:64]
    found = [hashlib.blake2b(row, digest_size=8, key=key).digest() for row in in_bytes(inputs)]
    return np.frombuffer(b"".join(found), dtype="<u8").astype(np.uint64)


def form(inputs: Tensor) -> bytes:
    """Return the shape and the type of one of some inputs, (b, *shape)."""
    return f"{tuple(inputs.shape[1:])} {inputs.dtype}".encode()


def in_bytes(inputs: Tensor) -> NDArray[np.uint8]:
    """Return inputs, (b, *shape), as (b, bytes of one)."""
    rows = inputs.cpu().reshape(len(inputs), math.prod(inputs.shape[1:]))
    return rows.contiguous().view(uint8).numpy()
