"""What a card tells of data."""

from __future__ import annotations

import torch

from onward.content import fingerprint
from onward.store.card import DataFacts
from onward.types import Data


def facts(data: Data, source: str, known: str | None = None) -> DataFacts:
    """Return what a card tells of data.

    Args:
        data: the examples.
        source: where they came from.
        known: their fingerprint, where it is known; None goes through all of them.
    """
    counts = torch.bincount(data.targets.cpu(), minlength=len(data.classes)).tolist()
    named = {name: count for name, count in zip(data.classes, counts, strict=True) if count}
    return DataFacts(source, len(data), named, fingerprint(data) if known is None else known)
