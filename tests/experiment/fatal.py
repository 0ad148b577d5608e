"""A cell at which the process ends, as one does that the system takes the memory from. Quick to import."""

from __future__ import annotations

import os


def run(cell: object) -> None:
    os._exit(9)


def begin() -> None:
    pass
