from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from onward.errors import StoreError
from onward.store import files


def test_a_file_is_known_by_the_hash_of_its_bytes(tmp_path):
    (tmp_path / "abc").write_bytes(b"abc")
    assert files.sha256(tmp_path / "abc") == hashlib.sha256(b"abc").hexdigest()


def test_a_file_that_cannot_be_read_is_an_error_with_its_name(tmp_path):
    with pytest.raises(StoreError, match=r"Is a directory.*restore"):
        files.sha256(tmp_path)
    with pytest.raises(StoreError, match=r"the card cannot be read \(No such file or directory\): .*gone"):
        files.read(tmp_path / "gone", "the card")


def test_a_file_is_replaced_and_nothing_else_is_left(tmp_path):
    path = tmp_path / "prod"
    for content in (b"old", b"new and longer", b""):
        files.replace(path, content)
        assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_cannot_be_replaced_is_as_it_was_and_nothing_else_is_left(tmp_path, monkeypatch):
    path = tmp_path / "prod"
    path.write_bytes(b"old")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        files.replace(path, b"new")
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]


def test_what_the_system_refuses_is_said_in_our_words():
    refused = pytest.raises(StoreError, match=r"cannot write to /there \(No space left on device\)")
    with refused, files.writing_to(Path("/there")):
        raise OSError(28, "No space left on device")


def test_a_lock_is_held_by_one_at_a_time(tmp_path):
    fcntl = pytest.importorskip("fcntl")

    def is_free() -> bool:
        with (tmp_path / ".lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True

    with files.locked(tmp_path):
        assert not is_free()
    assert is_free()


HOLDER = """
import sys, time
from pathlib import Path
from onward.store import files
with files.held(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


def test_the_lock_of_a_process_that_was_killed_is_free_though_its_file_is_there(tmp_path):
    here = os.environ | {"PYTHONPATH": str(Path(files.__file__).parents[2])}
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=here) as process:
        assert process.stdout.readline() == "held\n"
        with pytest.raises(StoreError, match="another process is at work"), files.held(tmp_path, wait=False):
            pass
        process.kill()
    assert (tmp_path / ".lock").exists()
    with files.held(tmp_path, wait=False):
        pass


def test_a_lock_that_is_shared_is_held_by_several_who_share_it_and_by_nobody_else(tmp_path):
    shared = partial(files.held, tmp_path, shared=True)
    refused = pytest.raises(StoreError, match="another process is at work in")
    with shared(), shared(), refused, files.held(tmp_path, wait=False):
        pass
    with files.held(tmp_path), pytest.raises(StoreError, match="try again when it has ended"), shared(wait=False):
        pass
