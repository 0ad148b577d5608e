"""Ctrl-C and SIGTERM while an update runs: it writes down how far it is, and leaves."""

from __future__ import annotations

import signal
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

from onward.errors import StoppedError

if TYPE_CHECKING:
    from onward.journal import Journal

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def stoppable(journal: Journal | None, way_on: str) -> Generator[None]:
    """Let the first signal ask the update to leave at its next step, and a second one end it at once.

    Args:
        journal: the update's; without one the first signal ends it.
        way_on: the command that goes on with it.

    Raises:
        SystemExit: when it has left; the code is 128 and the signal's number, as shells have it.
    """
    came: list[int] = []

    def ask(number: int, frame: FrameType | None) -> None:
        at_once = journal is None or not journal.listening or bool(came)
        came.append(number)
        if journal is not None:
            journal.stopping = True  # in any case: Python drops an exception that is raised in some places
        if at_once and number == signal.SIGINT:
            raise KeyboardInterrupt
        if at_once:
            raise SystemExit(128 + number)

    before = {number: signal.signal(number, ask) for number in SIGNALS}
    try:
        yield
    except StoppedError as error:
        from onward.cli.show import plain_console

        plain_console(stderr=True).print(f"{error}. Go on with: {way_on}")
        raise SystemExit(128 + came[0]) from error
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
