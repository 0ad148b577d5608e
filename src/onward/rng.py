"""The only maker of randomness. A stream has a name, so adding one moves no other."""

from __future__ import annotations

import hashlib
from collections.abc import Generator
from contextlib import contextmanager

import torch
from torch import Tensor


def derived(seed: int, *names: str | int) -> int:
    """Return the 63-bit seed of the stream ``names`` under ``seed``; the same on every machine and in every process."""
    key = "\x1f".join([str(seed), *(str(name) for name in names)])
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") >> 1


def generator(seed: int, *names: str | int) -> torch.Generator:
    """Return a fresh generator on the CPU for the stream ``names`` under ``seed``.

    >>> int(torch.randint(100, (), generator=generator(0, "ewc", "train"))) == int(
    ...     torch.randint(100, (), generator=generator(0, "ewc", "train")))
    True
    """
    return torch.Generator().manual_seed(derived(seed, *names))


@contextmanager
def isolated(seed: int, *names: str | int) -> Generator[None]:
    """Run code that draws from torch's global state (a user's model factory, dropout) on a stream of its own.

    The global state, that of every CUDA device in use included, is afterwards what it was before.
    """
    devices = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else ()
    with torch.random.fork_rng(devices=devices):
        torch.default_generator.manual_seed(derived(seed, *names))
        if devices:  # torch.manual_seed would note a seed even for devices that are not in use yet
            torch.cuda.manual_seed_all(derived(seed, *names))
        yield


def dealt(length: int, count: int, generator: torch.Generator) -> Tensor:
    """Deal ``count`` of ``length`` rows from shuffled decks: each row comes equally often, to within one.

    Returns:
        (count,) int64.
    """
    decks = -(-count // length) if count else 0
    rows = [torch.randperm(length, generator=generator) for _ in range(decks)]
    return torch.cat(rows)[:count] if rows else torch.zeros(0, dtype=torch.int64)
