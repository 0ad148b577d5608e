from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from onward.experiment.plan import Cell, Contender, Experiment, ModelPlan, StreamPlan
from onward.settings import Settings

CELL = Cell(
    Contender("mine", "replay(size=5, per_batch=32)", Settings()),
    seed=0,
    stream=StreamPlan("digits:train", "digits:test", "class-incremental", 5, {}, ("1", "2")),
    model=ModelPlan("mlp", {"width": 8}),
)


@pytest.mark.parametrize(
    "other",
    [
        replace(CELL, seed=1),
        replace(CELL, contender=replace(CELL.contender, method="warm_start")),
        replace(CELL, contender=replace(CELL.contender, settings=Settings(lr=0.1))),
        replace(CELL, contender=replace(CELL.contender, at_once=True)),
        replace(CELL, model=ModelPlan("mlp", {"width": 9})),
        replace(CELL, stream=replace(CELL.stream, parts=2)),
        replace(CELL, stream=replace(CELL.stream, options={"order": ["1"]})),
        replace(CELL, stream=replace(CELL.stream, fingerprints=("1", "3"))),
    ],
)
def test_whatever_decides_the_numbers_decides_the_key(other):
    assert other.key != CELL.key


@pytest.mark.parametrize(
    "other",
    [replace(CELL, data_dir=Path("elsewhere")), replace(CELL, contender=replace(CELL.contender, label="yours"))],
)
def test_label_and_place_of_the_data_do_not_decide_the_key(other):
    assert other.key == CELL.key


def test_a_contender_may_have_a_network_of_its_own():
    wide = replace(CELL.contender, label="wide", model={"width": 64})
    experiment = Experiment("two", CELL.stream, CELL.model, (CELL.contender, wide), (0,))
    assert [cell.model for cell in experiment.cells] == [
        ModelPlan("mlp", {"width": 8}),
        ModelPlan("mlp", {"width": 64}),
    ]
    assert len({cell.key for cell in experiment.cells}) == 2
    assert ModelPlan("mlp", {"width": 8}).but({"net": "cnn"}) == ModelPlan("cnn", {"width": 8})
