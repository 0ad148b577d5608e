from __future__ import annotations

import io
import math

import pytest
from rich.console import Console
from tests.experiment.story import ran

from onward.experiment.results import Estimate, Results
from onward.report.tables import failures_table, results_table, told

RESULTS = Results(
    "by hand",
    (
        ran("[warm] start", 0, [[0.8, 0.0], [0.6, 1.0]], seconds=1.0),
        ran("[warm] start", 1, [[1.0, 0.0], [0.8, 1.0]], seconds=1.0),
        ran("replay", 0, [[0.9, 0.0], [0.9, 1.0]], seconds=2.0),
        ran("replay", 1, [[0.9, 0.0], [0.9, 1.0]], seconds=2.0),
    ),
)


def shown(table) -> list[list[str]]:
    """The words of each column."""
    return [[str(word) for word in column.cells] for column in table.columns]


def printed(table) -> str:
    out = io.StringIO()
    Console(file=out, width=120).print(table)
    return out.getvalue()


@pytest.mark.parametrize(
    ("estimate", "words"),
    [
        (Estimate(0.9126, 0.0134), "91.3 ± 1.3"),
        (Estimate(0.9126, math.nan), "91.3"),
        (Estimate(0.5, 0.0), "50.0"),
        (Estimate(-0.0001, 0.0), "0.0"),
    ],
)
def test_estimate_is_told_with_its_interval_where_it_has_one(estimate, words):
    assert told(estimate, scale=100) == words


def test_table_shows_mean_and_interval_of_each_method():
    table = results_table(RESULTS)
    columns = {
        str(column.header).replace("\n", " "): cells for column, cells in zip(table.columns, shown(table), strict=True)
    }
    assert columns == {
        "method": ["[warm] start", "replay"],
        # 80 and 90: half width 12.706 · 5; the other twice 95.
        "average accuracy": ["85.0 ± 63.5", "95.0"],
        "learning accuracy": ["95.0 ± 63.5", "95.0"],
        "forgetting": ["20.0", "0.0"],
        "backward transfer": ["-20.0", "0.0"],
        "seconds": ["2.0", "4.0"],
        "samples": ["20", "20"],
    }
    assert table.caption.endswith("over 2 seeds")
    assert "[warm] start" in printed(table)  # not read as markup


def test_best_of_each_measure_stands_out():
    table = results_table(RESULTS)
    bold = {column.header: [cell.style == "bold" for cell in column.cells] for column in table.columns[1:]}
    assert bold["average\naccuracy"] == bold["forgetting"] == bold["backward\ntransfer"] == [False, True]
    assert bold["seconds"] == bold["samples"] == [False, False]  # neither more nor less is better by itself


def test_failed_runs_are_counted_and_told():
    results = Results("some", (ran("a", 0, [[0.5]]), ran("a", 1, None), ran("lost", 0, None), ran("lost", 1, None)))
    assert shown(results_table(results))[-1] == ["1 of 2", "0 of 2"]
    assert shown(results_table(results))[1] == ["50.0", "–"]
    assert "[went]" in printed(failures_table(results))
    assert shown(failures_table(results))[:2] == [["a", "lost", "lost"], ["1", "0", "1"]]
