from __future__ import annotations

from dataclasses import replace

from tests.experiment.test_published import LINES, PUBLISHED, RESULTS

from onward.experiment.published import beside
from onward.report.published_table import HEADINGS, published_table, shown


def cells(label: str) -> list[str]:
    return [str(cell) for cell in shown(LINES[label])]


def test_a_line_shows_what_came_beside_what_was_printed():
    # The numbers are derived in test_published of experiment.
    assert cells("ours") == ["75.0 ± 7.1", "80.00 ± 2.00", "-2.5", "below", "20.0", "10", "2", "1"]
    assert cells("best") == ["95.0", "90.00 ± 1.00", "+5.0", "above", "–", "0", "1", "1"]


def test_what_is_not_known_is_a_dash():
    assert cells("not run") == ["–", "40.00 ± 2.00", "–", "–", "–", "50", "0", "2"]
    assert cells("more") == ["60.0", "–", "–", "–", "0.0", "–", "1", "–"]


def test_the_table_has_every_line_and_the_papers_own_in_bold():
    table = published_table(beside(RESULTS, PUBLISHED), "by hand")
    assert [str(column.header) for column in table.columns] == ["method", *HEADINGS]
    assert [row.style for row in table.rows] == ["bold", "", "", "", ""]
    assert "over 2 seeds" in str(table.caption) and "at most 2 of them" in str(table.caption)


def test_a_fall_below_stands_out():
    assert shown(LINES["ours"])[3].style == "red" and shown(LINES["best"])[3].style == "green"
    assert shown(replace(LINES["ours"], apart=0.0))[3].style == ""
