"""What a line of versions was trained on in all, in as much room after a thousand updates as after one."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from onward.errors import hold

NOTHING = "0" * 64
"""The digest of no data."""


@dataclass(frozen=True)
class SoFar:
    """What a version and all that it came from were trained on.

    Args:
        examples: how many, >= 0.
        known: whether that is all: what came first began with nothing, or with a model whose data was told.
        joint: whether ``joint`` took part in all of it.
        columns: of tables of numbers, those that were the inputs, in order.
        digest: of the data: the sum of its fingerprints' hashes, so that the order does not matter.

    Raises:
        InputError: naming what is out of its range.
    """

    examples: int = 0
    known: bool = True
    joint: bool = True
    columns: tuple[str, ...] = ()
    digest: str = NOTHING

    def __post_init__(self) -> None:
        """Refuse values outside their ranges."""
        rules = {
            "examples must be >= 0": self.examples >= 0,
            "digest must be 64 digits of a hash": re.fullmatch("[0-9a-f]{64}", self.digest) is not None,
        }
        hold(rules, vars(self))


def summed(digest: str, fingerprint: str) -> str:
    """Return the digest of data and of one set of examples more."""
    added = int(hashlib.sha256(fingerprint.encode()).hexdigest(), 16)
    return f"{(int(digest, 16) + added) % 2**256:064x}"
