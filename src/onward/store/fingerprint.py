"""Data told apart by its content."""

from __future__ import annotations

import hashlib

import torch

from onward.store.card import DataFacts
from onward.types import Data, in_order


def fingerprint(data: Data) -> str:
    """Return a hash of the examples in their order: shapes, types, every byte, and the name of each one's class."""
    digest = hashlib.sha256()
    for batch in in_order(data, size=4096):
        digest.update(f"{tuple(batch.inputs.shape[1:])} {batch.inputs.dtype}".encode())
        digest.update(batch.inputs.cpu().contiguous().numpy().tobytes())
        digest.update("\x1f".join(data.classes[k] for k in batch.targets.tolist()).encode())
    return digest.hexdigest()


def facts(data: Data, source: str) -> DataFacts:
    """Return what a card tells of data."""
    counts = torch.bincount(data.targets.cpu(), minlength=len(data.classes)).tolist()
    named = {name: count for name, count in zip(data.classes, counts, strict=True) if count}
    return DataFacts(source, len(data), named, fingerprint(data))
