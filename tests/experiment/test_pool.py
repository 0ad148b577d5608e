from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from tests.experiment import fatal
from tests.experiment.story import written

from onward.errors import InputError, OnwardError
from onward.experiment import pool
from onward.experiment.cell import held, run
from onward.experiment.pool import conduct, finished
from onward.experiment.results import CellResult, Results
from onward.experiment.toml_file import read

ROOT = Path(__file__).parents[2]


def untimed(cell: CellResult) -> CellResult:
    """A result without what differs from one run to the next: the clock, and the memory of the process."""
    assert cell.outcome is not None
    costs = tuple(replace(cost, seconds=0.0, peak_memory=0) for cost in cell.outcome.costs)
    return replace(cell, outcome=replace(cell.outcome, costs=costs))


def same(one: Results, other: Results) -> bool:
    return [untimed(cell) for cell in one.cells] == [untimed(cell) for cell in other.cells]


@pytest.fixture(scope="module")
def experiment(tmp_path_factory):
    return read(written(tmp_path_factory.mktemp("story")))


@pytest.fixture(scope="module")
def results(experiment, tmp_path_factory) -> Results:
    """The story told without interruption, in this process."""
    return conduct(experiment, tmp_path_factory.mktemp("whole"), jobs=1)


def test_every_method_learns_what_comes_last(results):
    assert [(cell.label, cell.seed) for cell in results.cells] == [
        ("warm_start", 0), ("warm_start", 1), ("replay 20", 0), ("replay 20", 1),
    ]  # fmt: skip
    assert all(cell.outcome.accuracy[1][1] > 0.5 for cell in results.cells)


def test_methods_of_a_seed_see_the_same_stream_and_start_alike(results):
    warm, replay = (results.by_label[label][0].outcome for label in ("warm_start", "replay 20"))
    assert warm.experiences == replay.experiences
    assert warm.accuracy[0] == replay.accuracy[0]  # a first update has no memory yet


def test_results_do_not_depend_on_the_number_of_processes(experiment, results, tmp_path):
    assert same(conduct(experiment, tmp_path, jobs=2), results)


def test_only_the_cell_that_is_missing_is_run_again(experiment, results, tmp_path):
    conduct(experiment, tmp_path, jobs=1)
    gone = experiment.cells[2]
    (tmp_path / "cells" / f"{gone.key}.json").unlink()
    notices = []
    again = conduct(experiment, tmp_path, jobs=1, observe=notices.append)
    assert [n.state for n in notices] == ["found", "found", "found", "done"]
    assert (notices[-1].label, notices[-1].seed) == (gone.contender.label, gone.seed)
    assert [(n.finished, n.of) for n in notices] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert same(again, results)


def test_damaged_cell_is_said_and_run_again(experiment, results, tmp_path):
    conduct(experiment, tmp_path, jobs=1)
    path = tmp_path / "cells" / f"{experiment.cells[0].key}.json"
    path.write_bytes(path.read_bytes()[:-20])
    notices = []
    again = conduct(experiment, tmp_path, jobs=1, observe=notices.append)
    assert [n.state for n in notices] == ["damaged", "found", "found", "found", "done"]
    assert str(path) in notices[0].told
    assert same(again, results)


def test_failed_cell_stops_no_other_and_is_tried_again(tmp_path):
    methods = {"tame": "warm_start", "wild": {"method": "warm_start", "lr": 1e30}}
    wild = read(written(tmp_path, methods=methods, seeds=1))
    states = []
    for _ in range(2):
        results = conduct(wild, tmp_path / "out", jobs=1, observe=lambda notice: states.append(notice.state))
        assert [cell.label for cell in results.failed] == ["wild"]
        assert len(results.outcomes("tame")) == 1
    assert states == ["done", "failed", "found", "failed"]
    held = json.loads((tmp_path / "out" / "results.json").read_text())
    assert "Lower lr" in held["cells"][1]["failure"]


SCRIPT = """
import multiprocessing, sys, time
from onward import experiment

def wait(notice):
    print(*(child.pid for child in multiprocessing.active_children()), flush=True)
    time.sleep(600)

if __name__ == "__main__":
    experiment.conduct(experiment.read(sys.argv[1]), sys.argv[2], jobs=2, observe=wait)
"""


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{process}/stat").read_text().split()[2:3]


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")
def test_killed_run_goes_on_to_the_same_results_and_leaves_no_process(experiment, results, tmp_path):
    script = tmp_path / "told.py"
    script.write_text(SCRIPT)
    command = [sys.executable, str(script), str(written(tmp_path)), str(tmp_path / "out")]
    path = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": path}) as told:
        assert told.stdout is not None
        children = [int(word) for word in told.stdout.readline().split()]  # written after the first cell
        told.send_signal(signal.SIGKILL)
    assert len(children) == 2
    assert len(list((tmp_path / "out" / "cells").glob("*.json"))) == 1
    notices = []
    assert same(conduct(experiment, tmp_path / "out", jobs=1, observe=notices.append), results)
    assert [n.state for n in notices] == ["found", "done", "done", "done"]
    until = time.monotonic() + 20
    while any(map(alive, children)) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(map(alive, children))


def test_process_that_is_ended_from_outside_is_an_error_with_a_way_out(monkeypatch):
    monkeypatch.setattr(pool, "begin", fatal.begin)
    with pytest.raises(OnwardError, match="with fewer jobs"):
        list(finished(fatal.run, ["a cell", "another"], jobs=2))


def test_no_data_stays_in_memory_after_a_run_in_this_process(experiment, tmp_path):
    during = []
    conduct(experiment, tmp_path, jobs=1, observe=lambda notice: during.append(held.cache_info().currsize))
    assert during == [2] * len(experiment.cells)  # training and test data, read once
    assert held.cache_info().currsize == 0


def test_no_data_stays_in_memory_after_a_run_that_was_broken_off(experiment, tmp_path):
    def stop(notice):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        conduct(experiment, tmp_path, jobs=1, observe=stop)
    assert held.cache_info().currsize == 0


def test_cell_by_itself_is_the_cell_of_the_experiment(experiment, results):
    assert untimed(run(experiment.cells[3])) == untimed(results.cells[3])


def test_no_job_is_refused(experiment, tmp_path):
    with pytest.raises(InputError, match="jobs must be >= 1"):
        conduct(experiment, tmp_path, jobs=0)
