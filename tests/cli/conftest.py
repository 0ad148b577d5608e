"""A folder to type commands in, empty or with a lineage."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from tests.cli.terminal import done

from onward.cli.show import console


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """An empty folder that is the current one, a terminal that is none, and no module left behind."""
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "COLUMNS", "ONWARD_LINEAGE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    console.cache_clear()
    yield tmp_path
    console.cache_clear()
    for module in tmp_path.glob("*.py"):
        sys.modules.pop(module.stem, None)


@pytest.fixture
def narrow(folder, monkeypatch) -> Path:
    """The folder, and a terminal of 80 columns."""
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    console.cache_clear()
    return folder


@pytest.fixture(scope="session")
def made_lineage(tmp_path_factory) -> Path:
    """A lineage whose ``prod`` knows three digits and keeps a memory, and whose ``raw`` knows nothing."""
    place = tmp_path_factory.mktemp("made") / ".onward"
    done(f"init prod --model 'mlp(width=24, depth=1)' --shape 1,8,8 --lineage {place}")
    done(f"init raw --model 'mlp(width=24, depth=1)' --shape 1,8,8 --seed 1 --lineage {place}")
    arrived = "--data digits:train@classes=0,1,2@rows=0:200 --test digits:test@classes=0,1,2@rows=0:60"
    done(f"update prod {arrived} --method 'replay(size=40, per_batch=16)' --epochs 10 --lineage {place}")
    return place


@pytest.fixture
def lineage(folder, made_lineage) -> Path:
    """A copy of that lineage, where commands look for one."""
    return shutil.copytree(made_lineage, folder / ".onward")
