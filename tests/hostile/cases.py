"""One case: hostile bytes in their place, and what the reader makes of them."""

from __future__ import annotations

import traceback
import warnings
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.hostile.targets import Target
from tests.hostile.watch import TooSlow, bounded, watched

from onward.errors import OnwardError

SECONDS, MEMORY, MESSAGE = 10.0, 2**30, 20_000
"""What a case may take: seconds, bytes of address space more than before, characters of a message beside what came."""


@dataclass
class Tally:
    """What became of cases.

    Args:
        counts: ``refused`` with an error of ours, ``valid``, ``broken`` with anything else, ``outside``.
        breaches: what came of each of the latter two that is like no other, with the bytes.
    """

    counts: Counter[str] = field(default_factory=Counter)
    breaches: dict[str, bytes] = field(default_factory=dict)

    def add(self, said: dict[str, str], raw: bytes) -> None:
        """Count a case by what ``tried`` said of it."""
        self.counts["cases"] += 1
        self.counts.update(said.keys())
        for kind in ("broken", "outside"):
            if kind in said:
                self.breaches.setdefault(f"{kind}: {said[kind]}", raw)


def tried(target: Target, folder: Path, raw: bytes) -> dict[str, str]:
    """Read hostile bytes, and say how it ended: ``refused``, ``valid`` or ``broken``; and whether ``outside``."""
    target.plant(folder, raw)
    said: dict[str, str] = {}
    with watched(folder) as found:
        try:
            with bounded(SECONDS, MEMORY), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of an odd file a library may warn; what it did is what counts
                target.read(folder)
            said["valid"] = ""
        except OnwardError as error:
            said |= (
                {"refused": ""}
                if 0 < len(str(error)) <= MESSAGE + 6 * len(raw)
                else {"broken": f"a message of {len(str(error))}"}
            )
        except (Exception, TooSlow) as error:
            said["broken"] = signature(error)
    if found:
        said["outside"] = found[0]
    return said


def signature(error: BaseException) -> str:
    """What tells one defect from another: the kind of error, and where in the sources it came from."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [each for each in frames if "/onward/" in each.filename] or frames
    return f"{type(error).__name__} at {Path(ours[-1].filename).name}:{ours[-1].lineno} {str(error)[:100]!r}"
