"""A process that is killed, or refused by the system, at any point leaves the lineage as it was or as it was to be."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from tests.store import dying
from tests.store.worlds import contents, saved

from onward.release.rules import CONFIG, rules_of
from onward.store.garbage import collect
from onward.store.lineage import Lineage
from onward.store.verify import verify

ROOT = Path(__file__).parents[2]
World = tuple[frozenset[str], tuple[tuple[str, str], ...], bool]


@pytest.fixture(scope="module")
def out(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("deaths")


@pytest.fixture(scope="module")
def old(tmp_path_factory) -> Path:
    return dying.old_world(tmp_path_factory.mktemp("world") / "old").path


@pytest.fixture(scope="module")
def ended(old, out) -> dict[str, Any]:
    """How each process ended; what it left is in ``out``."""
    if not Path("/proc/self/fd").exists():
        pytest.skip("follows open files in /proc")
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    told = subprocess.run(
        [sys.executable, "-m", "tests.store.dying", str(old), str(out)],
        env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        cwd=out,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert told.returncode == 0, told.stderr
    return json.loads(told.stdout)


def world(folder: Path) -> World:
    """What a lineage holds, all of it whole."""
    lineage = Lineage(folder)
    assert verify(lineage).problems == ()
    for head in lineage.heads.names():
        lineage.load(head)
    rules_of(lineage)
    heads = {head: " ".join(lineage.heads.moves(head)) for head in lineage.heads.names()}
    return frozenset(lineage.ids()), tuple(sorted(heads.items())), (folder / CONFIG).exists()


def worlds(out: Path, act: str, kind: str) -> list[World]:
    """What each death left, in the order of the operations."""
    return [world(folder) for folder in sorted(out.glob(f"{act}-{kind}-*"))]


def done(act: str, old: Path, tmp_path: Path) -> World:
    """What the act makes of the old world when nothing comes in between."""
    lineage = Lineage(dying.old_world(tmp_path / "done").path)
    assert contents(lineage.path) == contents(old)
    dying.ACTS[act](lineage)()
    return world(lineage.path)


@pytest.mark.parametrize("act", ["save", "promote", "roll back"])
def test_killed_at_any_operation_it_is_the_old_world_or_the_new(ended, out, old, tmp_path, act):
    codes = ended[f"{act}-killed"]
    assert codes[:-1] == [-signal.SIGKILL] * (len(codes) - 1) and codes[-1] == dying.NEVER and len(codes) > 4
    before, after = world(old), done(act, old, tmp_path)
    assert before != after
    assert [left for left, _ in groupby(worlds(out, act, "killed"))] == [before, after]


def test_killed_at_any_operation_a_beginning_is_none_a_version_a_head_or_all(ended, out, old):
    left = worlds(out, "begin", "killed")
    assert left[0] == world(old)
    counts = [(len(versions), len(heads), configured) for versions, heads, configured in left]
    assert [each for each, _ in groupby(counts)] == [(3, 2, False), (4, 2, False), (4, 3, False), (4, 3, True)]


@pytest.mark.parametrize("kind", ["killed", "refused"])
def test_at_any_operation_forgetting_leaves_the_old_version_in_use_or_the_new(ended, out, kind):
    codes = ended[f"forget-{kind}"]
    assert codes[-1] == dying.NEVER and len(codes) > 10
    assert kind == "refused" or codes[:-1] == [-signal.SIGKILL] * (len(codes) - 1)
    counts = []
    for folder in sorted(out.glob(f"forget-{kind}-*")):
        versions, *_ = world(folder)
        counts.append((len(versions), len(Lineage(folder).load("prod").kept.get("replay/targets", ()))))
    # Of four versions the one in use keeps two examples; a fifth keeps none, before it is in use and then.
    assert [each for each, _ in groupby(counts)] == [(4, 2), (5, 2), (5, 0)]


def test_killed_at_any_operation_a_collection_leaves_all_that_is_needed_and_goes_on(ended, out, old, tmp_path):
    codes = ended["collect-killed"]
    assert codes[:-1] == [-signal.SIGKILL] * (len(codes) - 1) and codes[-1] == dying.NEVER and len(codes) > 10
    needed, heads, _ = world(old)
    after = done("collect", old, tmp_path)
    assert after == (needed, heads, False)
    spare = []
    for folder in sorted(out.glob("collect-killed-*")):
        versions, same, _ = world(folder)
        assert needed <= versions and same == heads
        spare.append(len(versions - needed))
        lineage = Lineage(folder)
        lineage.load("spare~1")
        collect(lineage, dying.EVERYTHING, remove=True)
        assert world(folder) == after and verify(lineage).stripped == 1
        assert not [path for path in folder.rglob(".*") if path.name != ".lock"]
    assert [count for count, _ in groupby(spare)] == [2, 1, 0]


def test_what_is_being_made_while_another_process_collects_is_kept(ended, out):
    assert ended["meanwhile"] == [dying.NEVER, dying.NEVER]
    folder = out / "meanwhile"
    world(folder)
    lineage = Lineage(folder)
    assert len(lineage.history("prod")) == 2 + dying.MADE == len(lineage.heads.moves("prod"))


@pytest.mark.parametrize("act", ["save", "promote", "roll back"])
def test_refused_at_any_operation_it_is_the_old_world_or_the_new_and_said(ended, out, old, tmp_path, act):
    codes = ended[f"{act}-refused"]
    assert set(codes) <= {dying.LOST, dying.REFUSED, dying.NEVER} and codes.count(dying.LOST) > 3
    left = worlds(out, act, "refused")
    before, after = world(old), done(act, old, tmp_path)
    assert set(left) == {before, after}
    assert left[0] == before and all(
        there == after for code, there in zip(codes, left, strict=True) if code != dying.LOST
    )


def test_what_was_refused_is_cleared_away(ended, out):
    for folder in (*out.glob("save-refused-*"), *out.glob("promote-refused-*")):
        assert not list(folder.rglob(".new-*")) and not list(folder.rglob("*.tmp"))


def test_killed_at_any_time_a_lineage_is_whole_and_goes_on(ended, out):
    assert ended["random"] == [-signal.SIGKILL] * dying.RANDOM_KILLS
    made = set()
    for folder in sorted(out.glob("random-*")):
        versions, heads, _ = world(folder)
        made.add(len(versions))
        lineage = Lineage(folder)
        assert lineage.resolve("prod") in versions
        kin = saved(lineage, 5, lineage.version("prod"))
        lineage.promote(kin.id, "prod")  # the lock went with the process
        now = {**dict(heads), "prod": f"{dict(heads)['prod']} {kin.id}"}
        assert world(folder) == (versions | {kin.id}, tuple(now.items()), False)
    assert len(made) > 1, "the deaths came at different times"


def test_of_two_that_promote_at_once_one_wins(ended, out, old):
    assert [sorted(codes) for codes in ended["race"]] == [[dying.NEVER, dying.LOST]] * dying.RACES
    for codes, folder in zip(ended["race"], sorted(out.glob("race-*")), strict=True):
        lineage = Lineage(folder)
        seed = lineage.version("prod").card.seed
        assert seed == (6, 7)[codes.index(dying.NEVER)]
        assert len(lineage.heads.moves("prod")) == 3 and len(lineage.ids()) == 5


@pytest.mark.parametrize("act", [*dying.ACTS, "read"])
def test_nothing_outside_of_the_lineage_is_read_or_written(ended, out, act):
    here, installed = str(out / f"watched-{act}"), (sys.prefix, sys.base_prefix)
    for event, path, changes in ended["watched"][act]:
        versions_of_packages = path.startswith(installed) and not changes
        assert path.startswith((here, "/proc/self/fd/")) or versions_of_packages, f"{event} {path}"


def test_reading_changes_nothing(ended, out, old):
    assert not [event for event, _, changes in ended["watched"]["read"] if changes]
    assert contents(out / "watched-read") == contents(old)


@pytest.mark.parametrize("act", [act for act in dying.ACTS if act != "collect"])  # which writes nothing
def test_what_gets_its_name_is_on_the_disk_before_and_its_name_after(ended, act):
    operations = [(event, Path(path)) for event, path, changes in ended["watched"][act] if changes]
    renames = [place for place, (event, _) in enumerate(operations) if event == "os.rename"]
    assert renames
    for place in renames:
        new = operations[place][1]
        before, after = operations[:place], operations[place + 1 :]
        written = {path for event, path in before if event == "open" and (path == new or new in path.parents)}
        synced = {path for event, path in before if event == "os.fsync"}
        assert written and written <= synced
        assert new in synced  # the folder of a version: the names in it
        assert ("os.fsync", new.parent) in after
