from __future__ import annotations

from dataclasses import replace

import torch
from tests.experiment.story import STORY, written

from onward.datasets.source import read as read_source
from onward.experiment import cell as cells
from onward.experiment.cell import made_model, run, single_thread
from onward.experiment.plan import ModelPlan
from onward.experiment.toml_file import read
from onward.settings import Settings
from onward.types import Examples

THREE = Examples(torch.zeros(1, 3), torch.tensor([0]), ("one",))


def test_divergence_is_a_failure_with_its_message(tmp_path):
    cell = read(written(tmp_path)).cells[0]
    result = run(replace(cell, contender=replace(cell.contender, settings=Settings(lr=1e30, epochs=5))))
    assert result.outcome is None
    assert "Lower lr" in result.failure and "cross_entropy" in result.failure


def test_any_mistake_in_a_run_is_a_failure_that_says_where(tmp_path, monkeypatch):
    def broken(cell):
        return 1 / 0

    monkeypatch.setattr(cells, "walk", broken)
    result = run(read(written(tmp_path)).cells[0])
    assert result.failure.startswith("ZeroDivisionError: division by zero (test_cell.py, line ")


def test_what_gets_everything_at_once_learns_it_in_one_update_and_is_tested_on_all(tmp_path):
    """Two parts of two digits each: 160 training examples, 80 of test; 5 epochs of steps of 20."""
    methods = {"oracle": {"method": "warm_start", "at_once": True}}
    outcome = run(read(written(tmp_path, methods=methods)).cells[0]).outcome
    assert outcome.experiences == ("all",) and (outcome.arrived, outcome.tested) == ((160,), (80,))
    assert [cost.samples for cost in outcome.costs] == [5 * 160]
    assert outcome.accuracy[0][0] > 0.7


def test_network_normalises_its_inputs_as_the_file_says_whether_tasks_are_told_or_not(tmp_path):
    for scenario in ("class-incremental", "task-incremental"):
        model = {**STORY["model"], "mean": [0.1], "std": [0.3]}
        cell = read(written(tmp_path, model=model, stream={**STORY["stream"], "scenario": scenario})).cells[0]
        learner, _ = cells.ground(cell)
        assert (learner.model.mean, learner.model.std) == ((0.1,), (0.3,))


def test_tasks_that_are_told_come_at_once_each_with_a_softmax_of_its_own(tmp_path):
    """The same four digits as one choice and as two tasks of two: told which, the same training is right more often."""
    methods = {"oracle": {"method": "warm_start", "at_once": True}}
    stream = STORY["stream"]
    every, told = (
        read(written(tmp_path, methods=methods, stream={**stream, "scenario": scenario})).cells[0]
        for scenario in ("class-incremental", "task-incremental")
    )
    learner, at_once = cells.ground(told)
    assert learner.model.tasks == (0, 0, 1, 1) and len(at_once) == 1
    chosen = [set(each.candidates) for each in at_once[0].of]
    assert chosen == [set(learner.classes[:2]), set(learner.classes[2:])]
    one, other = run(every).outcome, run(told).outcome
    assert (one.arrived, one.tested, one.experiences) == (other.arrived, other.tested, other.experiences)
    assert other.accuracy[0][0] > one.accuracy[0][0]


def test_data_is_read_once_for_all_cells_of_a_process(tmp_path, monkeypatch):
    cells.held.cache_clear()
    asked = []
    monkeypatch.setattr(cells, "read", lambda *source: asked.append(source[0]) or read_source(*source))
    for cell in read(written(tmp_path)).cells[:2]:
        assert run(cell).outcome is not None
    assert len(asked) == len(set(asked)) == 2


def test_data_that_changed_between_two_runs_is_read_again(tmp_path):
    """Ten examples of two classes; then the file is written anew with twenty."""
    table = tmp_path / "points.csv"
    stream = {"train": f"{table}@label=kind", "test": f"{table}@label=kind", "scenario": "data-incremental", "parts": 1}
    arrived = []
    for repeats in (5, 10):
        table.write_text("x,kind\n" + "0.0,low\n1.0,high\n" * repeats)
        cell = read(written(tmp_path, stream=stream)).cells[0]
        result = run(cell)
        arrived.append(result.outcome.arrived)
    assert arrived == [(10,), (20,)]


def test_model_has_no_classes_and_its_tasks_only_where_asked():
    plan = ModelPlan("mlp", {"width": 8})
    assert (made_model(plan, THREE, seed=0).classes, made_model(plan, THREE, seed=0).tasks) == ((), None)
    assert made_model(plan, THREE, seed=0, tasks=True).tasks == ()


def test_number_of_threads_is_afterwards_what_it_was():
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        with single_thread():
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
