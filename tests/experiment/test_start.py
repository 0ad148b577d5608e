"""Cells that go on from the same version: it is made once, and no bit of what follows depends on that."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.experiment.story import written
from tests.experiment.test_pool import untimed

from onward.experiment import cell as cells
from onward.experiment.cell import run
from onward.experiment.pool import conduct
from onward.experiment.start import loaded
from onward.experiment.toml_file import read

STARTS = {"base": {"method": "replay(size=20)", "epochs": 3}}
METHODS = {
    "a": {"method": "replay(size=20)", "start": "base"},
    "b": {"method": "least_squares | replay(size=20)", "start": "base"},
    "whole": {"method": "replay(size=20)"},
}


@pytest.fixture
def experiment(tmp_path):
    return read(written(tmp_path, methods=METHODS, starts=STARTS, seeds=1, watch=30))


def test_a_start_is_the_first_update_and_kept_for_the_next(experiment, tmp_path):
    results = conduct(experiment, tmp_path, jobs=1)
    assert not results.failed
    (folder,) = (tmp_path / "starts").iterdir()
    kept = loaded(folder)
    assert kept is not None and folder.name == experiment.cells[0].start_key
    learner, record = kept
    a, b = (results.outcomes(label)[0] for label in "ab")
    assert a.costs[0] == b.costs[0] == record.cost and a.accuracy[0] == b.accuracy[0]
    assert len(learner.kept["replay/targets"]) == 20 and a.accuracy[-1] != b.accuracy[-1]


def test_the_start_is_told_as_soon_as_it_is_made_and_once_for_all_that_go_on_from_it(experiment, tmp_path):
    told = []
    conduct(experiment, tmp_path, jobs=1, observe=told.append)
    assert [notice.state for notice in told] == ["begun", *["done"] * len(experiment.cells)]
    assert (told[0].finished, told[0].told) == (0, "what it goes on from is there")


def test_with_its_own_method_and_settings_a_start_changes_nothing(tmp_path):
    same = {"whole": METHODS["whole"], "a": {**METHODS["a"], "epochs": 3}}
    experiment = read(written(tmp_path, methods=same, starts=STARTS, settings={"epochs": 3}, seeds=1))
    results = conduct(experiment, tmp_path, jobs=1)
    whole, begun = (untimed(cell) for cell in results.cells)
    assert whole.outcome == begun.outcome


def test_nothing_depends_on_who_made_the_start(experiment, tmp_path, monkeypatch):
    alone = [run(replace(cell, starts=tmp_path / "own" / cell.contender.label)) for cell in experiment.cells]
    assert [untimed(each) for each in conduct(experiment, tmp_path, jobs=1).cells] == list(map(untimed, alone))
    monkeypatch.setattr("onward.experiment.start.update", None)  # what is kept is not made again
    assert cells.begin_there(replace(experiment.cells[0], starts=tmp_path / "starts")) is None


def test_a_damaged_start_is_made_again(experiment, tmp_path):
    before = conduct(experiment, tmp_path, jobs=1)
    (model,) = (tmp_path / "starts").rglob("model.safetensors")
    model.write_bytes(model.read_bytes()[:-1] + b"\0")
    again = run(replace(experiment.cells[0], starts=tmp_path / "starts"))
    assert untimed(again) == untimed(before.cells[0])


def test_a_start_that_diverges_fails_its_cells_and_no_others(tmp_path):
    starts = {"base": {**STARTS["base"], "lr": 1e20}}
    results = conduct(read(written(tmp_path, methods=METHODS, starts=starts, seeds=1)), tmp_path, jobs=1)
    assert [bool(cell.failure) for cell in results.cells] == [True, True, False]
    assert "Lower lr" in results.cells[0].failure
