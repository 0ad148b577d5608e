"""The only maker of randomness. A stream has a name, so adding one moves no other."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Generator, Tensor


def derived(seed: int, *names: str | int) -> int:
    """Return the 63-bit seed of the stream ``names`` under ``seed``; the same on every machine and in every process."""
    key = "\x1f".join([str(seed), *(str(name) for name in names)])
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") >> 1


def generator(seed: int, *names: str | int) -> Generator:
    """Return a fresh generator on the CPU for the stream ``names`` under ``seed``.

    >>> int(torch.randint(100, (), generator=generator(0, "ewc", "train"))) == int(
    ...     torch.randint(100, (), generator=generator(0, "ewc", "train")))
    True
    """
    return Generator().manual_seed(derived(seed, *names))


@contextmanager
def isolated(seed: int, *names: str | int) -> Iterator[None]:
    """Run code that draws from torch's global state (a user's model factory) on a stream of its own.

    The global state is afterwards what it was before.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derived(seed, *names))
        yield


def dealt(length: int, count: int, generator: Generator) -> Tensor:
    """Deal ``count`` of ``length`` rows from shuffled decks: each row comes equally often, to within one.

    Returns:
        (count,) int64.
    """
    decks = -(-count // length) if count else 0
    rows = [torch.randperm(length, generator=generator) for _ in range(decks)]
    return torch.cat(rows)[:count] if rows else torch.zeros(0, dtype=torch.int64)
