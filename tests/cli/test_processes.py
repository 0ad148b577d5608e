"""Commands as processes of their own: stopped by a key, and a whole story on real images."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from tests.cli.terminal import contents

from onward.store.journal import DiskJournal
from onward.store.lineage import Lineage
from onward.store.verify import verify

ONWARD = [sys.executable, "-m", "onward"]


@contextmanager
def listening(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    """Give a process that a key can stop, whatever the one that runs the tests does with it; it never outlives them."""
    heed = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # a shell's background job is started deaf to it
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, text=True, preexec_fn=heed, **pipes) as process:
        try:
            yield process
        finally:
            process.kill()


ENDLESS = ["--data", "digits:train", "--epochs", "1000000", "--set", "lr=1e-9"]


def stopped_while_it_trains(*options: str, by: signal.Signals, since: Path | None = None) -> tuple[int, str, str]:
    """Stop an update that would go on for ever, when a file is newer than it was, or after a second.

    Returns:
        Its exit code, and what it printed since it trained.
    """
    before = since.stat().st_mtime_ns if since is not None and since.exists() else 0
    with listening([*ONWARD, "update", "prod", *options]) as process:
        assert process.stdout.readline().startswith("  preflight")
        while not (line := process.stdout.readline()).startswith("  method"):
            assert line.startswith("  "), line
        while since is not None and not (since.exists() and since.stat().st_mtime_ns > before):
            assert process.poll() is None
            time.sleep(0.02)
        if since is None:
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(1.0)
        process.send_signal(by)
        out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def without_journals(lineage: Path) -> dict[str, bytes]:
    return {path: content for path, content in contents(lineage).items() if "/journals" not in path}


@pytest.mark.parametrize(("by", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopped_an_update_writes_down_how_far_it_is_and_leaves_all_else_as_it_was(lineage, by, code):
    before, often = contents(lineage), ("--journal", "0.05")
    place = lineage / "journals"
    with listening([*ONWARD, "update", "prod", *ENDLESS, *often]):  # killed, so that there is an entry
        while not (found := list(place.glob("*/now.safetensors"))):
            time.sleep(0.02)
    (entry,) = found
    steps = [DiskJournal(entry.parent, {}).facts("now")["position"]["step"]]
    for options in (("--resume",), tuple(ENDLESS)):
        ended = stopped_while_it_trains(*options, *often, by=by, since=entry)
        way = "Go on with: onward update prod --resume"
        assert ended[0] == code and "goes on where it was cut off" in ended[1]
        assert ended[2] == f"stopped in phase 'train'; what was done is in the journal. {way}\n"
        assert without_journals(lineage) == before
        steps.append(DiskJournal(entry.parent, {}).facts("now")["position"]["step"])
    assert steps[0] < steps[1] < steps[2]


def test_without_a_journal_a_stopped_update_leaves_everything_as_it_was(lineage):
    before = contents(lineage)
    code, out, err = stopped_while_it_trains(*ENDLESS, "--journal", "0", by=signal.SIGINT)
    assert (out, err) == ("", "stopped; what was not finished was not written\n")
    assert code in (130, -signal.SIGINT)  # the same to a shell; Python decides by where it was met
    assert contents(lineage) == before


def test_of_two_that_are_the_same_update_the_second_is_refused(lineage):
    with listening([*ONWARD, "update", "prod", *ENDLESS, "--quiet"]) as process:
        while not list(lineage.glob("journals/*/arrival.json")):
            assert process.poll() is None
            time.sleep(0.05)
        ran = subprocess.run([*ONWARD, "update", "prod", *ENDLESS, "--quiet"], capture_output=True, text=True)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.startswith("error: another process is at work in .onward/journals/")


def test_of_two_updates_of_one_head_at_once_one_wins_and_the_other_is_kept(lineage):
    (lineage / "lineage.toml").write_text("[gate]\nmargin = 1\nnegative_flips = 1\n")
    parent = Lineage(lineage).resolve("prod")
    command = [*ONWARD, "update", "prod", "--data", "digits:train@classes=0,1,2@rows=200:300", "--seed"]
    with listening([*command, "1"]) as one, listening([*command, "2"]) as other:
        for process in (one, other):  # each waits until both have seen what prod is
            assert process.stdout.readline().startswith("  preflight")
            process.send_signal(signal.SIGSTOP)
        for process in (one, other):
            process.send_signal(signal.SIGCONT)
        told = {process: process.communicate(timeout=120) for process in (one, other)}
    first, second = sorted(told, key=lambda process: process.returncode)
    assert (first.returncode, second.returncode) == (0, 1), told
    (won, nothing), (lost, said) = told[first], told[second]
    place = Lineage(lineage)
    versions = [version for version in map(place.read, place.ids()) if version.card.parent == parent]
    (winner,) = (version for version in versions if version.id == place.resolve("prod"))
    (loser,) = (version for version in versions if version != winner)
    assert f"version     {winner.short} is head of prod" in won and nothing == ""
    assert said == (
        f"error: head 'prod' was {parent[:8]} and is now {winner.short}: another update was faster. Version "
        f"{loser.short} is kept; look at both, then `onward promote {loser.short} prod`.\n"
    )
    assert "is head" not in lost and verify(place).problems == ()
    place.load(loser.id)
    assert place.promote(loser.short, "prod") == loser.id


@pytest.mark.data
def test_mnist_from_its_folder_as_a_new_user_would_do_it(folder, data_dir):
    def typed(*words: str, code: int = 0, **variables: str) -> str:
        ran = subprocess.run([*ONWARD, *words], capture_output=True, text=True, env={**os.environ, **variables})
        assert (ran.returncode, ran.stderr) == (code, ""), ran
        return ran.stdout

    first = "mnist:test@classes=0,1,2,3,4@rows=0:500"
    typed("init", "prod", "--model", "mlp(width=64)", "--test", first, "--data-dir", str(data_dir))
    arrived = ["--data", "mnist:train@classes=0,1,2,3,4@rows=0:1500", "--method", "replay(size=400, per_batch=64)"]
    told = typed("update", "prod", *arrived, "--data-dir", str(data_dir))
    assert "1,500 new examples · 5 new classes (0, 1, 2, 3, 4)\n" in told and "is head of prod" in told
    Path(".onward/lineage.toml").write_text("[gate]\nmargin = 0.2\nnegative_flips = 0.3\n")
    arrived = ["--data", "mnist:train@classes=5,6@rows=0:600", "--test", "mnist:test@classes=5,6@rows=0:200"]
    told = json.loads(typed("update", "prod", *arrived, "--json", ONWARD_DATA=str(data_dir)))
    assert told["promoted"] and [measure["accuracy"] > 0.7 for measure in told["measures"]] == [True, True]
    log = json.loads(typed("log", "prod", "--json"))
    assert [len(card["net"]["classes"]) for card in log] == [7, 5, 0]
    assert "  classes     added: 5, 6\n" in typed("diff", "prod~1", "prod")
    assert typed("rollback", "prod") == f"head of prod was {log[0]['id'][:8]} and is {log[1]['id'][:8]} again\n"
