"""The benchmark runs as a command, its loops do the same, and its figures follow from the times that it took."""

from __future__ import annotations

import os
from statistics import median

import pytest
import torch


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


def test_loops_that_make_other_weights_are_not_timed(bench, monkeypatch):
    cell, trained = bench.QUICK[0], bench.trained
    assert set(bench.fair(cell, None)) == {"plain", "engine", "DataLoader"}

    def longer(network, batches, settings, steps):
        return trained(network, batches, settings, steps + 1)

    monkeypatch.setattr(bench, "trained", longer)
    with pytest.raises(SystemExit, match="made other weights; no times"):
        bench.fair(cell, None)
