from __future__ import annotations

from tests.experiment.test_growth import GROWTH, RESULTS

from onward.experiment.growth import grew
from onward.report.growth_table import HEADINGS, growth_table, shown

FOUND = grew(RESULTS, GROWTH)


def test_a_line_shows_what_was_learned_kept_and_gained():
    # The numbers are derived in test_growth of experiment; half widths of one run are not shown.
    assert shown(FOUND.of("grown")[1]) == (
        "62.50", "70.0", "75.0", "90.0", "60.0", "80.0", "50", "1.50", "0.00", "1.0", "1",
    )  # fmt: skip
    assert shown(FOUND.of("all")[0])[:9] == ("80.00", *("–",) * 7, "0.00")


def test_the_table_goes_cell_by_cell_with_the_contender_in_bold():
    table = growth_table(FOUND, "by hand")
    assert [str(column.header) for column in table.columns] == ["method", *HEADINGS]
    first = [str(cell) for cell in table.columns[0].cells]
    assert first == ["far", "grown", "frozen", "grown twice", "all", "near", "grown", "frozen", "tuned"]
    assert [row.style for row in table.rows].count("bold") == 2
    assert "over 2 seeds" in str(table.caption)
