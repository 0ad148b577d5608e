"""Data may be larger than memory: what an update takes does not grow with it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = Path(__file__).with_name("larger_than_memory.py")
GIB = 2**30
SHAPE = (3, 192, 192)
N = 2 * GIB // (3 * 192 * 192) + 1

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits and counts memory as Linux does")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Iterator[Path]:
    """Images of 2 GiB in ten classes, each black but for its number: the file has holes, and is written in a second."""
    folder = tmp_path_factory.mktemp("larger")
    images = np.lib.format.open_memmap(folder / "x.npy", mode="w+", dtype=np.uint8, shape=(N, *SHAPE))
    images[:, 0, 0, :4] = np.arange(N, dtype="<u4")[:, None].view(np.uint8)
    np.save(folder / "y.npy", np.arange(N) % 10)
    assert (folder / "x.npy").stat().st_size > 2 * GIB
    yield folder
    shutil.rmtree(folder)


def updated(folder: Path, how: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", str(PROGRAM), str(folder), str(GIB), how]
    there = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, env=there)


def test_an_update_with_two_gibibytes_runs_within_one(folder):
    done = updated(folder, "as it lies")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["distinct"] == N, "every image was read"
    assert told["samples"] == N - N * 5 // 100
    assert told["anonymous"] < GIB / 2 and told["resident"] < GIB


def test_the_limit_holds_for_the_same_array_in_memory(folder):
    done = updated(folder, "whole")
    assert done.returncode != 0
    assert "Unable to allocate 2.00 GiB" in done.stderr
