from __future__ import annotations

import csv
import json

import pytest
from tests.experiment.story import ran
from tests.experiment.test_plan import CELL

from onward.experiment.export import export
from onward.experiment.plan import Experiment
from onward.experiment.results import Results

EXPERIMENT = Experiment("by hand", CELL.stream, CELL.model, (CELL.contender,), seeds=(0, 1))
RESULTS = Results("by hand", (ran("a", 0, [[0.8, 0.0], [0.6, 1.0]]), ran("a", 1, None), ran("single", 0, [[0.5]])))


@pytest.fixture
def folder(tmp_path):
    export(RESULTS, EXPERIMENT, tmp_path / "new")
    return tmp_path / "new"


def test_json_holds_plan_software_seeds_matrices_and_summaries(folder):
    held = json.loads((folder / "results.json").read_text())
    assert held["experiment"]["stream"]["scenario"] == "class-incremental"
    assert held["experiment"]["contenders"][0]["settings"]["lr"] == 0.05
    assert held["experiment"]["seeds"] == [0, 1]
    assert {"python", "torch", "onward"} <= set(held["software"])
    assert held["cells"][0]["outcome"]["accuracy"] == [[0.8, 0.0], [0.6, 1.0]]
    assert held["cells"][1]["failure"] == "it [went] wrong"
    assert held["summaries"][0]["measures"]["average_accuracy"] == {"mean": 0.8, "half_width": None}


def test_csv_has_a_line_for_each_cell(folder):
    lines = list(csv.DictReader((folder / "results.csv").read_text().splitlines()))
    shown = [(line["method"], line["seed"], line["average_accuracy"], line["failure"]) for line in lines]
    assert shown == [("a", "0", "0.8", ""), ("a", "1", "", "it [went] wrong"), ("single", "0", "0.5", "")]
    assert lines[2]["backward_transfer"] == ""  # not defined for a single experience


def test_matrices_are_in_long_form_counted_from_one(folder):
    assert (folder / "matrices.csv").read_text().splitlines() == [
        "method,seed,update,experience,accuracy",
        "a,0,1,1,0.8",
        "a,0,1,2,0.0",
        "a,0,2,1,0.6",
        "a,0,2,2,1.0",
        "single,0,1,1,0.5",
    ]
