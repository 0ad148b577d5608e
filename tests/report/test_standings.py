from __future__ import annotations

from dataclasses import replace

import pytest
from tests.experiment.story import ran
from tests.experiment.test_gains import RESULTS, ROLES
from tests.report.test_tables import printed, shown

from onward.experiment.gains import Roles, compared
from onward.experiment.results import Results
from onward.report.standings import standings_table, updates_table


def test_table_shows_where_each_method_stands():
    table = standings_table(compared(RESULTS, ROLES), "[by] hand")
    columns = {
        str(column.header).replace("\n", " "): cells[:2]
        for column, cells in zip(table.columns, shown(table), strict=True)
    }
    assert columns == {
        "method": ["warm", "new"],
        "final accuracy": ["45.0 ± 63.5", "60.0"],  # 40 and 50: half width 12.7062 · 5
        "average over the updates": ["31.7 ± 21.2", "35.0 ± 63.5"],  # 30 and 100/3; 40 and 30
        "gain in points": ["0.00", "15.00 ± 63.53"],
        "of the gap closed": ["0.0", "37.5 ± 158.8"],  # 50 and 25
        "samples of an update": ["10 → 10", "10 → 10"],
        "seconds of an update": ["1.0 → 1.0", "1.0 → 1.0"],
        "kept bytes": ["200", "200"],
        "still falling": ["–", "–"],
    }
    assert [row.style for row in table.rows] == ["", "bold", "", "", ""]
    assert "gain over warm" in printed(table).replace("\n", " ") and "[by] hand" in printed(table)


def test_what_is_not_known_is_a_dash():
    results = Results("some", (ran("a", 0, [[0.5]]), ran("b", 0, None)))
    words = [column[1] for column in shown(standings_table(compared(results, Roles("a", "b", "b")), "some"))]
    assert words == ["b", *["–"] * 8]


def test_share_that_still_fell_is_shown_in_percent():
    cell = ran("a", 0, [[0.5]])
    learned = replace(cell, outcome=replace(cell.outcome, learning=((5, *[2] * 8, 1),)))
    table = standings_table(compared(Results("learned", (learned,)), Roles("a", "a", "a")), "learned")
    assert shown(table)[-1] == ["25.0"]


@pytest.mark.parametrize(("method", "means"), [("warm", ["20.0", "30.0", "45.0"]), ("new", ["20.0", "25.0", "60.0"])])
def test_accuracy_after_each_update_is_the_mean_over_seeds(method, means):
    columns = shown(updates_table(RESULTS))
    assert [column[columns[0].index(method)] for column in columns[1:]] == means
