"""Updates in processes that are killed with SIGKILL, again and again, until one of them is done.

``python -m tests.killed.updates FOLDER --kills 40`` prints, as JSON, what came of them. It forks: torch is imported
once. Each update is a whole one: read, train, judge, keep, promote, of a lineage on disk and data in a file.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tests.conformance.cuts import untimed
from tests.conformance.scenarios import SCENARIOS
from tests.conformance.specimens import SUBJECTS, life
from tests.store.dying import at, die, forked, started

from onward.catalogue import written
from onward.method import Method
from onward.release.arrival import Arrival, Ready, ready
from onward.release.cut import clear_done, journal_of
from onward.release.making import release
from onward.settings import Settings
from onward.store import journal
from onward.store.card import Card
from onward.store.journal import JOURNALS
from onward.store.lineage import Lineage
from onward.store.verify import verify
from onward.types import in_order

SETTINGS = Settings(epochs=2, batch_size=16, lr=0.1, validation=0.1, patience=2, steps=12)
KINDS = ("new classes", "byte images, batch norm", "more data, dropout")
MOST = 4
"""Kills of one update; after them it may finish."""

MOST_TOLD = 20
"""Failures after which it ends."""

PROMOTED, FAILED = 0, 9


@dataclass(frozen=True)
class Outcome:
    """What became of one update.

    Args:
        name: of the method.
        kind: of the world it was in.
        kills: how often a process was killed before it had made and promoted the version.
        resumed: how many of the processes found a journal with an entry.
        wrong: a sentence for everything that is not as if it had never been killed.
    """

    name: str
    kind: str
    kills: int
    resumed: int
    wrong: tuple[str, ...]


def main() -> None:
    """Kill as often as asked for, and print what came of it."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("folder", type=Path)
    asked.add_argument("--kills", type=int, default=10**9, help="end after so many")
    asked.add_argument("--seconds", type=float, default=1e9, help="end after so long")
    asked.add_argument("--seed", type=int, default=0)
    words = asked.parse_args()
    found, kills, began = [], 0, time.perf_counter()
    for outcome in outcomes(words.folder, words.seed):
        found.append(vars(outcome))
        kills += outcome.kills
        if kills >= words.kills or time.perf_counter() - began > words.seconds or len(failures(found)) > MOST_TOLD:
            break
    sys.stdout.write(json.dumps(found))


def failures(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return those that did not come to what they would have come to."""
    return [each for each in found if each["wrong"]]


def outcomes(folder: Path, seed: int) -> Iterator[Outcome]:
    """Yield what becomes of one update after another, without end: every method in turn, in worlds drawn at random."""
    torch.set_num_threads(1)  # a forked child has none but the one
    journal.SHARE = 0  # an entry before every step
    draws = random.Random(seed)
    for number in itertools.count():
        names = sorted(SUBJECTS)
        draws.shuffle(names)
        for name in names:
            place = folder / f"{number}-{name.replace(' ', '')}"
            yield outcome(name, draws.choice(KINDS), place, draws)
            shutil.rmtree(place, ignore_errors=True)


def outcome(name: str, kind: str, place: Path, draws: random.Random) -> Outcome:
    """Make one update in processes that are killed, and hold it against one that is not."""
    method = SUBJECTS[name]
    world(place / "killed", method, kind)
    shutil.copytree(place / "killed", place / "whole")
    began = time.perf_counter()
    if forked(lambda: updated(place / "whole")) != PROMOTED:
        return Outcome(name, kind, 0, 0, ("it failed though it was not killed",))
    span, kills, resumed = time.perf_counter() - began, 0, 0
    while True:
        resumed += any((place / "killed").glob(f"{JOURNALS}/*/*.safetensors"))
        code = one_life(place / "killed", span, draws) if kills < MOST else forked(lambda: updated(place / "killed"))
        if code == PROMOTED:
            break
        if code != -signal.SIGKILL:
            return Outcome(name, kind, kills, resumed, (f"a process ended with {code}",))
        kills += 1
        if problems := verify(Lineage(place / "killed")).problems:
            return Outcome(name, kind, kills, resumed, problems)
    return Outcome(name, kind, kills, resumed, tuple(differences(place / "killed", place / "whole")))


def one_life(folder: Path, span: float, draws: random.Random) -> int:
    """Update in a process that is killed at some time, or at some operation on files; return how it ended."""
    if draws.random() < 0.5:
        step = draws.randrange(1, 120)
        return forked(lambda: updated(folder, lambda: at(step, die, folder, changes_only=True)))
    child = started(lambda: updated(folder))
    time.sleep(draws.uniform(0.0, 1.2 * span))
    os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def updated(folder: Path, before: Callable[[], object] = bool) -> int:
    """Make the next version of ``prod``, from where an earlier process was killed."""
    lineage = Lineage(folder)
    if len(lineage.heads.moves("prod")) > 1:  # killed after all was done
        return PROMOTED
    going = arrived(lineage)
    before()
    with journal_of(going, "prod", every=0.0) as pages:
        return PROMOTED if release(going, "prod", journal=pages).promoted else FAILED


def arrived(lineage: Lineage) -> Ready:
    """Read what arrived."""
    return ready(lineage, "prod", Arrival(str(lineage.path / "new.npz"), settings=SETTINGS, seed=4))


def world(folder: Path, method: Method, kind: str) -> None:
    """Write a lineage whose ``prod`` has learned the first data of a scenario, and the second as a file."""
    lineage = Lineage.create(folder)
    version = lineage.save(life(method, kind).parent, Card(net={}, method=written(method)))
    lineage.promote(version.id, "prod")
    batches = list(in_order(SCENARIOS[kind].second))
    classes = np.array(SCENARIOS[kind].second.classes)
    targets = torch.cat([batch.targets for batch in batches]).numpy()
    np.savez(folder / "new.npz", x=torch.cat([batch.inputs for batch in batches]).numpy(), y=classes[targets])


def differences(folder: Path, other: Path) -> Iterator[str]:
    """Yield a sentence for everything in which a lineage is not as another one whose update was never killed."""
    ours, theirs = Lineage(folder), Lineage(other)
    yield from verify(ours).problems
    if len(ours.ids()) != 2:
        yield f"{len(ours.ids())} versions where there are two"
    one, two = ours.version("prod").card, theirs.version("prod").card
    for name in ("model.safetensors", "kept.safetensors"):
        if one.files[name] != two.files[name]:
            yield f"{name} has other bits"
    if one.record is None or two.record is None or untimed(one.record) != untimed(two.record):
        yield "the record differs"
    if one.verdict != two.verdict or one.measures != two.measures:
        yield "the judgement differs"
    clear_done(ours)  # as the next update does: one may have been killed when all was done but this
    if left := [path.name for path in (folder / JOURNALS).glob("*")]:
        yield f"{JOURNALS} holds {left}"


if __name__ == "__main__":
    main()
