"""Processes that die, or are refused by the system, while they change a lineage. It forks: torch is imported once.

``python -m tests.store.dying OLD OUT`` takes a lineage like that of ``old_world`` and leaves in OUT a copy of it for
each death. It prints, as JSON, how each process ended.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import torch
from tests.store.worlds import saved

from onward.amend.child import origin
from onward.amend.forgetting import forgot
from onward.catalogue import parsed, written
from onward.engine.update import update
from onward.errors import StoreError
from onward.learner import Learner
from onward.nets.zoo import fresh
from onward.release.beginning import begin
from onward.settings import Settings
from onward.store import files
from onward.store.card import Card
from onward.store.diff import diff
from onward.store.garbage import Wanted, collect
from onward.store.lineage import Lineage
from onward.store.verify import verify
from onward.types import Examples

Act = Callable[[], object]
CHANGES = ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.truncate", "fcntl.flock", "os.fsync")
EVERYTHING = Wanted(days=0, keep=1)
NO_FOLDER = -1
"""What Python tells where a path is not from an open folder."""

LOST, REFUSED, NEVER = 7, 8, 0
BROKEN = 99
"""An error came out that nobody waits for; it stands on the standard error."""

RANDOM_KILLS, RACES, MADE = 15, 5, 20


def old_world(folder: Path) -> Lineage:
    """``prod`` went from one version to another; a third is named by ``spare``."""
    lineage = Lineage.create(folder)
    first = saved(lineage, 1)
    second = saved(lineage, 2, first)
    third = saved(lineage, 3, second)
    for version, head in ((first, "prod"), (second, "prod"), (third, "spare")):
        lineage.promote(version.id, head)
    return lineage


def to_save(lineage: Lineage) -> Act:
    parent = lineage.version("prod")
    return lambda: saved(lineage, 4, parent)


def to_promote(lineage: Lineage) -> Act:
    id, expected = lineage.resolve("spare"), lineage.resolve("prod")
    return lambda: lineage.promote(id, "prod", expected)


def to_roll_back(lineage: Lineage) -> Act:
    return lambda: lineage.heads.back("prod")


def to_begin(lineage: Lineage) -> Act:
    model = fresh("mlp", (2,), 5, width=2, depth=1)
    return lambda: begin(lineage, "other", model)


def to_collect(lineage: Lineage) -> Act:
    """Two versions that nothing needs, one of the other; one that is far back; and what dead processes left."""
    saved(lineage, 9, saved(lineage, 8, lineage.version("prod")))
    for folder in (lineage.versions / ".new-1234", lineage.versions / ".gone-5678"):
        folder.mkdir()
        (folder / "card.json").write_text("{}")
    (lineage.heads.folder / ".prod.17.tmp").write_text("half")
    return lambda: collect(lineage, EVERYTHING, remove=True)


def to_forget(lineage: Lineage) -> Act:
    """Two examples that the version in use has in its memory."""
    seen = Examples(torch.tensor([[0.0, 1.0], [1.0, 0.0]]), torch.tensor([0, 1]), ("a", "b"))
    begun = Learner(fresh("mlp", (2,), 5, width=2, depth=1), parsed("replay(size=2)"))
    learner, _ = update(begun, seen, Settings(epochs=1), seed=1)
    card = Card(net={}, method=written(learner.method), created="2026-01-01T00:00:00+00:00")
    lineage.promote(lineage.save(learner, card).id, "prod")
    return partial(forgot, origin(lineage, "prod", "prod"), seen, "withdrawn.npz")


def to_read(lineage: Lineage) -> Act:
    return lambda: (lineage.load("prod~1"), lineage.history("prod"), verify(lineage), diff(lineage, "prod~1", "prod"))


ACTS = {
    "save": to_save,
    "promote": to_promote,
    "roll back": to_roll_back,
    "begin": to_begin,
    "collect": to_collect,
    "forget": to_forget,
}


REFUSED_ACTS = ("save", "promote", "roll back", "forget")
"""In which the system refuses each operation in turn, and not only ends the process."""


def watch(seen: Callable[[str, str, bool], None]) -> None:
    """Have ``seen`` called before each operation on files: its name, the path, and whether it changes something.

    For good: such a hook cannot be taken away. Syncing is no event of Python's, so ``os.fsync`` is replaced.
    """

    def hook(event: str, given: tuple[Any, ...]) -> None:
        if event in CHANGES:
            path = given[0] if isinstance(given[0], str | os.PathLike) else f"/proc/self/fd/{given[0]}"
            if event in ("os.remove", "os.rmdir") and given[-1] != NO_FOLDER:
                path = Path(f"/proc/self/fd/{given[-1]}").readlink() / path
            changes = event != "open" or bool((given[2] or 0) & (os.O_WRONLY | os.O_RDWR))
            seen(event, os.fspath(path), changes)

    sync = os.fsync

    def synced(handle: int) -> None:
        seen("os.fsync", str(Path(f"/proc/self/fd/{handle}").readlink()), True)
        sync(handle)

    os.fsync = synced
    sys.addaudithook(hook)


def die(event: str, path: str) -> None:
    """End this process at once. What was to be synced just now may have been written in part only."""
    if event == "os.fsync" and Path(path).is_file():
        os.truncate(path, Path(path).stat().st_size // 2)
    os.kill(os.getpid(), signal.SIGKILL)


def refuse(event: str, path: str) -> None:
    raise OSError(28, "No space left on device", path)


def at(step: int, happens: Callable[[str, str], None], folder: Path, changes_only: bool) -> list[str]:
    """Let something happen before the given operation in a folder; return what has happened."""
    operations, happened = count(1), []

    def seen(event: str, path: str, changes: bool) -> None:
        here = path.startswith(str(folder)) and (changes or not changes_only)
        if here and not happened and next(operations) == step:
            happened.append(event)
            happens(event, path)

    watch(seen)
    return happened


def stepwise(act: str, kind: str, old: Path, out: Path) -> Iterator[int]:
    """Do something once for each operation that it is made of, and die or be refused there. Yields how it ended."""
    for step in count(1):
        folder = out / f"{act}-{kind}-{step:03}"
        shutil.copytree(old, folder)

        def attempt(folder: Path = folder, step: int = step) -> int:
            run = ACTS[act](Lineage(folder))
            happened = at(step, die if kind == "killed" else refuse, folder, kind == "refused")
            try:
                run()
            except StoreError:
                return LOST
            return REFUSED if happened else NEVER

        code = forked(attempt)
        yield code
        if code == NEVER:
            return


def forked(work: Callable[[], int]) -> int:
    """Do work in a process of its own and return how it ended: its exit code, or minus the signal."""
    return os.waitstatus_to_exitcode(os.waitpid(started(work), 0)[1])


def started(work: Callable[[], int]) -> int:
    if child := os.fork():
        return child
    code = BROKEN
    try:
        code = work()
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(code)


def endless(folder: Path) -> int:
    """Save and promote for ever."""
    lineage = Lineage(folder)
    for number in count():
        version = saved(lineage, 4, lineage.version("prod"), note=str(number))
        lineage.promote(version.id, "prod")
    return NEVER


def killed_at_random(old: Path, out: Path) -> Iterator[int]:
    """Yields how each ended: at a time at which some had been saved and promoted no time, others several times."""
    draws, began = random.Random(0), time.perf_counter()
    to_save(Lineage(old_world(out / "timed").path))()
    once = 1.5 * (time.perf_counter() - began) / 4
    for number in range(RANDOM_KILLS):
        folder = out / f"random-{number:03}"
        shutil.copytree(old, folder)
        child = started(lambda folder=folder: endless(folder))
        time.sleep(draws.uniform(0.0, 4 * once))
        os.kill(child, signal.SIGKILL)
        yield os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def races(old: Path, out: Path) -> Iterator[list[int]]:
    """Two processes promote a version each, both expecting the same one in use. Yields how the two ended."""
    slowly, replace = 0.02, files.replace
    for number in range(RACES):
        folder = out / f"race-{number:03}"
        shutil.copytree(old, folder)
        lineage = Lineage(folder)
        now, heirs = lineage.resolve("prod"), [saved(lineage, seed) for seed in (6, 7)]

        def late(path: Path, content: bytes) -> None:
            time.sleep(slowly)  # between looking and writing: without the lock, both would have looked
            replace(path, content)

        def attempt(heir: str, lineage: Lineage = lineage, now: str = now) -> int:
            files.replace = late
            try:
                lineage.promote(heir, "prod", expected=now)
            except StoreError:
                return LOST
            return NEVER

        children = [started(lambda heir=heir.id: attempt(heir)) for heir in heirs]
        yield [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


def collected_meanwhile(old: Path, out: Path) -> list[int]:
    """One process makes versions and promotes them, slowly; another collects all it can. Return how the two ended."""
    folder = out / "meanwhile"
    shutil.copytree(old, folder)
    lineage, (reading, writing) = Lineage(folder), os.pipe()

    def make() -> int:
        os.close(reading)
        for number in range(MADE):
            with lineage.in_use():
                version = saved(lineage, 10, lineage.version("prod"), note=str(number))
                time.sleep(0.02)
                lineage.promote(version.id, "prod")
            time.sleep(0.02)
        return NEVER

    def clear() -> int:
        os.close(writing)
        os.set_blocking(reading, False)
        freed = 0
        while True:
            with suppress(StoreError):  # held by the other one
                freed += len(collect(lineage, EVERYTHING, remove=True))
            with suppress(BlockingIOError):
                os.read(reading, 1)  # the end: no one can write any more
                return NEVER if freed else LOST

    children = [started(make), started(clear)]
    os.close(reading), os.close(writing)
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


def watched(act: Callable[[Lineage], Act], old: Path, folder: Path) -> list[tuple[str, str, bool]]:
    """Do something and return every operation on files that it was made of."""
    shutil.copytree(old, folder)
    run, (reading, writing) = act(Lineage(folder)), os.pipe()

    def attempt() -> int:
        operations: list[tuple[str, str, bool]] = []
        watch(lambda *operation: operations.append(operation))
        run()
        done = json.dumps(operations).encode()
        os.write(writing, done)
        return NEVER

    if forked(attempt) != NEVER:
        raise RuntimeError("the watched act failed")
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        return json.loads(pipe.read())


def main(old: Path, out: Path) -> None:
    everything: dict[str, Any] = {
        **{f"{act}-killed": list(stepwise(act, "killed", old, out)) for act in ACTS},
        **{f"{act}-refused": list(stepwise(act, "refused", old, out)) for act in REFUSED_ACTS},
    }
    everything["random"] = list(killed_at_random(old, out))
    everything["race"] = list(races(old, out))
    everything["meanwhile"] = collected_meanwhile(old, out)
    everything["watched"] = {
        name: watched(act, old, out / f"watched-{name}") for name, act in {**ACTS, "read": to_read}.items()
    }
    sys.stdout.write(json.dumps(everything))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        for prepare in (*ACTS.values(), to_read):
            prepare(old_world(Path(folder)))()  # what is imported late is imported before the first fork
    main(Path(sys.argv[1]), Path(sys.argv[2]))
