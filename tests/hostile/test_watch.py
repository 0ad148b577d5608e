"""The laws of hostile input can see a breach."""

from __future__ import annotations

import pickle
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.hostile import cases
from tests.hostile.cases import tried
from tests.hostile.targets import Target
from tests.store.test_refused import Planted

from onward.errors import InputError


def made(read) -> Target:
    return Target("made up", lambda _: [b"x"], lambda folder, raw: (folder / "file").write_bytes(raw), read)


def refused(folder: Path) -> None:
    raise InputError("no")


def unpickled(folder: Path) -> None:
    pickle.loads(pickle.dumps(Planted(folder / "planted")))


SEEN = {
    "an error that is none of ours": (lambda folder: {}["x"], "broken", "KeyError at test_watch.py"),
    "an error without a word": (lambda folder: (_ for _ in ()).throw(InputError("")), "broken", "a message of 0"),
    "more memory than a case may take": (lambda folder: bytes(2 * cases.MEMORY), "broken", "MemoryError"),
    "a file beside the folder": (lambda folder: (folder / "../bait.png").read_bytes(), "outside", "bait.png"),
    "a secret": (lambda folder: Path("/etc/passwd").read_bytes(), "outside", "/etc/passwd"),
    "a change in the folder": (lambda folder: (folder / "new").write_bytes(b""), "outside", "to change it"),
    "a folder that is listed": (lambda folder: list(folder.parent.iterdir()), "outside", "os.listdir"),
    "a program": (lambda folder: subprocess.run([sys.executable, "-c", ""], check=True), "outside", "subprocess.Popen"),
    "a pickle": (unpickled, "outside", "pickle.find_class"),
}


@pytest.mark.parametrize("what", SEEN)
def test_what_breaks_a_law_is_seen(tmp_path, what):
    read, kind, told = SEEN[what]
    target = made(read)
    target.made(tmp_path / "world")
    assert told in tried(target, tmp_path / "world", b"x")[kind]


def test_a_case_that_takes_too_long_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(cases, "SECONDS", 0.2)

    def late(folder: Path) -> None:
        try:
            time.sleep(30)
        except Exception:
            pytest.fail("a reader that catches everything caught it")

    target = made(late)
    target.made(tmp_path / "world")
    assert "TooSlow" in tried(target, tmp_path / "world", b"x")["broken"]


def test_what_keeps_the_laws_is_let_be(tmp_path):
    for read, said in ((lambda folder: (folder / "file").read_bytes(), "valid"), (refused, "refused")):
        target = made(read)
        target.made(tmp_path / said)
        assert tried(target, tmp_path / said, b"x") == {said: ""}
