"""Memory that is freed stays with a process that wants it so."""

from __future__ import annotations

import ctypes
import platform
import subprocess
import sys

import pytest

from onward.heap import keep_what_is_freed

SEEN = """
import resource, sys, torch
from onward.heap import keep_what_is_freed
if sys.argv[1] == "kept":
    assert keep_what_is_freed()
for turn in range(40):
    if turn == 20:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    values = [torch.ones(12_000_000) for _ in range(3)]
    del values
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="mallopt and its options are glibc's")
def test_large_blocks_that_come_and_go_take_no_pages_from_the_system():
    """Blocks of 48 MB, over the 32 up to which glibc comes to keep a size by itself; not a sixth is asked for again.

    The heap first grows for some turns, as small objects lie between the blocks: two to five were seen.
    """
    pages = {
        way: int(subprocess.run([sys.executable, "-c", SEEN, way], capture_output=True, text=True, check=True).stdout)
        for way in ("kept", "given back")
    }
    assert 6 * pages["kept"] < pages["given back"]


def test_without_such_a_library_nothing_is_done(monkeypatch):
    def none(_: None) -> object:
        raise OSError

    monkeypatch.setattr(ctypes, "CDLL", none)
    assert not keep_what_is_freed()
