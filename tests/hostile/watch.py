"""What a reader does beside reading what it was given: files elsewhere, programs, pickles; and how long, how much."""

from __future__ import annotations

import os
import resource
import signal
import sys
import tempfile
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

CHANGES = ("os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.truncate", "os.link", "os.symlink", "os.chmod")
LOOKS = ("os.listdir", "os.scandir")
NEVER = (
    "pickle.find_class", "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "socket.connect",
    "socket.getaddrinfo", "code.__new__", "webbrowser.open", "urllib.Request",
)  # fmt: skip
SOURCES = Path(__file__).parents[2]
INSTALLED = (
    *{str(path) for given in (sys.prefix, sys.base_prefix) for path in (given, Path(given).resolve())},
    *(str(SOURCES / name) for name in ("src", "tests")), "/proc/", "/sys/", "/dev/null", "/usr/", "/etc/",
)  # fmt: skip
"""Where the interpreter and libraries lie, which are imported late; ``/etc/`` holds time zones and kinds of files."""

SECRETS = ("/etc/passwd",)
"""What cases ask for by name, and no library needs."""


ITS_OWN = "/journals/"
"""Where an update that goes on writes: the lock and the entries of its own journal."""


class Watch:
    """What was done outside of a folder, in sentences."""

    folder: str | None = None
    found: list[str] = []  # noqa: RUF012 - there is one watch in a process


def seen(event: str, given: tuple[Any, ...]) -> None:
    """Note what a reader has no business with. Python calls this before each thing that is done."""
    if Watch.folder is None:
        return
    if event in NEVER:
        Watch.found.append(f"{event} {given!r:.200}")
    elif event in (*CHANGES, *LOOKS, "open") and given and isinstance(given[0], str | bytes | os.PathLike):
        path = os.path.abspath(os.fsdecode(given[0]))  # noqa: PTH100 - links are not followed
        flags = given[2] or 0 if event == "open" else 0
        changes = event in CHANGES or bool(flags & (os.O_WRONLY | os.O_RDWR))
        nameless = flags & os.O_TMPFILE == os.O_TMPFILE and path == tempfile.gettempdir()
        inside = path.startswith(Watch.folder)
        changes = changes and not (inside and ITS_OWN in path)
        known = not changes and path.startswith(INSTALLED) and path not in SECRETS
        if not (nameless or (inside and not changes) or known):
            Watch.found.append(f"{event} {path}{' to change it' if changes else ''}")


@contextmanager
def watched(folder: Path) -> Generator[list[str]]:
    """Note meanwhile what is read outside of a folder, or changed anywhere, or run. One at a time in a process."""
    if not hasattr(Watch, "hooked"):
        Watch.hooked = sys.dont_write_bytecode = True
        sys.addaudithook(seen)
    Watch.folder, Watch.found = os.path.abspath(folder), []  # noqa: PTH100 - as in ``seen``
    try:
        yield Watch.found
    finally:
        Watch.folder = None


class TooSlow(BaseException):
    """A case took too long. No ``except Exception`` of a reader swallows it."""


@contextmanager
def bounded(seconds: float, memory: int) -> Generator[None]:
    """Let what happens meanwhile take only so long, and only so many more bytes of address space.

    Raises:
        TooSlow: in the place where it was.
    """

    def late(_signal: int, _frame: FrameType | None) -> None:
        raise TooSlow

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    here = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGALRM, late) if here else None
    resource.setrlimit(resource.RLIMIT_AS, (address_space() + memory, hard))
    signal.setitimer(signal.ITIMER_REAL, seconds if here else 0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
        if here:
            signal.signal(signal.SIGALRM, before)


def address_space() -> int:
    """Bytes of address space that this process has now."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
