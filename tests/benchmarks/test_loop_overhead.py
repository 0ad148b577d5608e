"""The benchmark runs as a command, and its figures follow from the times that it took."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median

import pytest
import torch

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A quick run: what it printed, and what it wrote."""
    written = tmp_path_factory.mktemp("benchmark") / "overhead.json"
    command = [sys.executable, "-W", "error", "benchmarks/loop_overhead.py", "--quick", "--rounds", "3"]
    done = subprocess.run(
        [*command, "--json", written],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src"), "COLUMNS": "100"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, json.loads(written.read_text())


def test_the_table_has_a_line_for_each_loop_of_each_cell_and_names_the_machine(run):
    printed, facts = run
    for name in ("plain", "engine", "DataLoader"):
        assert sum(f"│ {name} " in line for line in printed.splitlines()) == len(facts["cells"])
    assert facts["machine"]["processor"] in printed and torch.__version__ in printed


def test_the_machine_and_the_clock_are_written(run):
    _, facts = run
    assert facts["machine"]["threads"] == 1 and facts["clock"] == "CPU time"
    assert (facts["machine"]["cores"], facts["machine"]["torch"]) == (os.cpu_count(), torch.__version__)


def test_a_step_is_the_slope_between_the_two_lengths_and_the_ratio_that_of_each_round(run):
    _, facts = run
    for result in facts["cells"]:
        cell, loops = result["cell"], result["loops"]
        between = cell["lengths"]["long"] - cell["lengths"]["short"]
        steps = {
            name: [(b - a) / between for a, b in zip(loop["seconds"]["short"], loop["seconds"]["long"], strict=True)]
            for name, loop in loops.items()
        }
        for name, loop in loops.items():
            ratio = median(a / b for a, b in zip(steps[name], steps["plain"], strict=True))
            assert len(steps[name]) == 3 == cell["rounds"]
            assert loop["seconds_a_step"]["median"] == pytest.approx(median(steps[name]))
            assert loop["images_a_second"] == pytest.approx(cell["batch_size"] / median(steps[name]))
            assert loop["ratio"]["median"] == pytest.approx(ratio)
            assert loop["ratio"]["lower"] <= loop["ratio"]["median"] <= loop["ratio"]["upper"]
        assert set(loops["plain"]["ratio"].values()) == {1.0}
        assert all(seconds > 0 for loop in loops.values() for seconds in loop["seconds"]["long"])
