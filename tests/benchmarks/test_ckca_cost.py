"""The benchmark runs as a command, its rivals do what their names say, and its figures follow from its times."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median

import pytest

from onward.engine.teacher import Teacher

ROOT = Path(__file__).parents[2]
BENCHMARKS = ROOT / "benchmarks"


@pytest.fixture(scope="module")
def bench():
    """The script as a module, with its neighbours in reach."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)
        spec = importlib.util.spec_from_file_location("ckca_cost", BENCHMARKS / "ckca_cost.py")
        module = importlib.util.module_from_spec(spec)
        patch.setitem(sys.modules, "ckca_cost", module)
        spec.loader.exec_module(module)
        yield module


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A quick run: what it printed, and what it wrote."""
    written = tmp_path_factory.mktemp("benchmark") / "cost.json"
    command = [sys.executable, "-W", "error", "benchmarks/ckca_cost.py", "--quick", "--rounds", "3"]
    done = subprocess.run(
        [*command, "--json", written],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src"), "COLUMNS": "120"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, json.loads(written.read_text())


def test_the_table_has_a_line_for_each_method_of_each_cell_and_names_machine_and_aim(run):
    printed, facts = run
    for name in ("plain", "lwf", "ckca"):
        assert sum(f"│ {name} " in line for line in printed.splitlines()) == len(facts["cells"]) == 2
    assert facts["machine"]["processor"] in printed and f"{facts['aim']}" in printed


def test_a_ratio_is_that_of_the_slopes_of_each_round_and_of_whole_runs_that_of_the_long_ones(run):
    _, facts = run
    for result in facts["cells"]:
        loops = result["loops"]
        between = result["cell"]["lengths"]["long"] - result["cell"]["lengths"]["short"]
        seconds = {name: loop["seconds"] for name, loop in loops.items()}
        steps = {
            name: [(b - a) / between for a, b in zip(each["short"], each["long"], strict=True)]
            for name, each in seconds.items()
        }
        for name, loop in loops.items():
            whole = [a / b for a, b in zip(seconds[name]["long"], seconds["plain"]["long"], strict=True)]
            assert len(steps[name]) == 3 == result["cell"]["rounds"]
            assert loop["seconds_a_step"]["median"] == pytest.approx(median(steps[name]))
            ratio = median(a / b for a, b in zip(steps[name], steps["plain"], strict=True))
            assert loop["ratio"]["median"] == pytest.approx(ratio)
            assert loop["whole_ratio"]["median"] == pytest.approx(median(whole))


def test_every_rival_takes_the_steps_asked_for_and_ckca_has_both_its_terms(bench):
    for cell in bench.QUICK:
        made = {
            name: rival(cell.lengths.short) for name, rival in bench.rivals(cell, bench.examples(cell, None)).items()
        }
        assert {record.cost.steps for record in made.values()} == {cell.lengths.short}
        terms = {name: record.phases[0].terms for name, record in made.items()}
        assert terms["plain"] == ("cross_entropy",) and terms["lwf"] == ("cross_entropy", "lwf")
        assert terms["ckca"] == ("cross_entropy", "featreg", "adakd")


def test_the_parent_sees_every_batch_of_augmented_images_and_other_images_once(bench, monkeypatch):
    seen, forward = [], Teacher._asked

    def counting(self, batch):
        seen.append(len(batch.targets))
        return forward(self, batch)

    monkeypatch.setattr(Teacher, "_asked", counting)
    for cell in bench.QUICK:
        data = bench.examples(cell, None)
        for steps in (cell.lengths.short, cell.lengths.long):
            seen.clear()
            bench.rivals(cell, data)["ckca"](steps)
            passes = cell.epochs(steps) if cell.augment else 1
            assert sum(seen) == passes * cell.examples + 1  # and one to learn how wide its outputs are


def test_runs_are_whole_epochs_more_than_one_in_every_cell(bench):
    for cell in (*bench.CELLS, *bench.QUICK):
        for steps in (cell.lengths.short, cell.lengths.long):
            assert cell.epochs(steps) * cell.examples == steps * cell.batch_size
            assert cell.epochs(steps) > 1, "of a single epoch the parent's outputs are not held"
