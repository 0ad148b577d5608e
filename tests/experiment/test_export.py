from __future__ import annotations

import csv
import json
from dataclasses import replace

import pytest
from tests.experiment.story import ran
from tests.experiment.test_plan import CELL

from onward.experiment.export import export, export_comparison
from onward.experiment.gains import Roles, compared
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


def test_learning_curves_are_written_where_there_are_some(folder, tmp_path):
    assert not (folder / "learning.csv").exists()
    first = RESULTS.cells[0]
    learned = replace(first, outcome=replace(first.outcome, learning=((2.5, 1.0), (0.5,))))
    export(Results("learned", (learned, *RESULTS.cells[1:])), EXPERIMENT, tmp_path)
    assert (tmp_path / "learning.csv").read_text().splitlines() == [
        "method,seed,update,reading,loss",
        "a,0,1,1,2.5",
        "a,0,1,2,1.0",
        "a,0,2,1,0.5",
    ]


def test_comparison_has_a_line_for_each_method_and_a_column_for_each_number(tmp_path):
    export_comparison(compared(RESULTS, Roles("a", "single", "single")).standings, tmp_path)
    lines = list(csv.DictReader((tmp_path / "comparison.csv").read_text().splitlines()))
    assert [line["label"] for line in lines] == ["a", "single"]
    assert float(lines[0]["final_mean"]) == pytest.approx(0.8)  # (0.6 + 1.0) / 2
    assert float(lines[0]["gain_mean"]) == pytest.approx(0.3)
    assert (lines[0]["samples_last"], lines[1]["samples_last"]) == ("10.0", "")  # a single update is not a later one
    assert lines[0]["final_half_width"] == ""  # of one seed
