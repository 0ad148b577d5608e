"""A benchmark is a script: its test gets it as a module, and what a quick run of it prints and writes."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parents[2]
BENCHMARKS = ROOT / "benchmarks"


@pytest.fixture(scope="module")
def script(request) -> Path:
    """The script that the test's file is named after."""
    return BENCHMARKS / request.path.name.removeprefix("test_")


@pytest.fixture(scope="module")
def bench(script):
    """The script as a module, with its neighbours in reach."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)
        spec = importlib.util.spec_from_file_location(script.stem, script)
        module = importlib.util.module_from_spec(spec)
        patch.setitem(sys.modules, script.stem, module)
        spec.loader.exec_module(module)
        yield module


@pytest.fixture(scope="module")
def run(script, tmp_path_factory):
    """A quick run of three rounds: what it printed, and what it wrote."""
    written = tmp_path_factory.mktemp("benchmark") / "times.json"
    done = subprocess.run(
        [sys.executable, "-W", "error", script, "--quick", "--rounds", "3", "--json", written],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src"), "COLUMNS": "120"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, json.loads(written.read_text())


@pytest.fixture
def ratios_are_of_slopes():
    """A check of one cell of a run: the ratio of a loop is the median, over rounds, of its step over another's."""

    def check(result, loop, beside):
        lengths = result["cell"]["lengths"]
        steps = {
            name: [
                (b - a) / (lengths["long"] - lengths["short"])
                for a, b in zip(each["seconds"]["short"], each["seconds"]["long"], strict=True)
            ]
            for name, each in result["loops"].items()
        }
        shares = [a / b for a, b in zip(steps[loop], steps[beside], strict=True)]
        assert len(shares) == 3 == result["cell"]["rounds"]
        assert result["loops"][loop]["ratio"]["median"] == pytest.approx(median(shares))
        assert set(result["loops"][beside]["ratio"].values()) == {1.0}

    return check
