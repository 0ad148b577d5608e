"""Starts side by side: tables and picture."""

from __future__ import annotations

from dataclasses import replace

import pytest
from matplotlib.figure import Figure
from tests.experiment.test_switches import GRID, RESULTS, STEPS
from tests.report.test_tables import shown

from onward.errors import InputError
from onward.experiment.switches import switches
from onward.report.switch_plot import across_switches, draw_start
from onward.report.switch_tables import outcome_table, switch_table, waited


def test_tables_have_a_line_for_each_start_in_each_cell():
    found = switches(RESULTS, GRID)
    cell, start, final, gain, stability, plasticity, _ = shown(outcome_table(found, "by hand"))
    assert (cell, start) == (["a", ""], ["drawn", "solved"])
    assert (final[1], gain) == ("58.7 ± 15.9", ["0.00", "7.50 ± 31.77"])  # derived in test_switches
    assert (stability[0], plasticity[0]) == ("0.0", "62.5")
    _, _, at_once, spike, early, late, *steps, fewer = shown(switch_table(found))
    assert (at_once[1], spike, early[0], late[0]) == ("39.0", ["4.50", "0.50"], "4.00", "1.33")
    assert list(zip(*steps, strict=True)) == [("100",) * 4, ("50",) * 4] and fewer == ["1.0", "2.0"]
    assert waited(float("inf")) == "never"


def test_lines_go_through_the_means_over_seeds_one_update_after_another():
    above, below = Figure().subplots(2, 1)
    runs = [replace(run, watched=run.watched * 2) for run in RESULTS.outcomes("drawn, a")]
    draw_start(above, below, runs, "drawn", 0)
    loss, *_ = (line for line in above.lines if line.get_label() == "drawn")
    assert (loss.get_xdata().tolist(), loss.get_ydata().tolist()) == (list(STEPS[1:]), [6.0, 2.0, 1.0, 3.0])
    new = [line for line in below.lines if len(line.get_xdata()) == len(STEPS)]
    assert [line.get_xdata().tolist()[0] for line in new] == [0, 160]
    assert new[1].get_ydata().tolist() == pytest.approx([0, 20, 40, 50, 40])


def test_the_picture_is_written_and_without_a_run_refused(tmp_path):
    path = across_switches(RESULTS, GRID, tmp_path / "switches.png")
    assert path.read_bytes().startswith(b"\x89PNG")
    none = replace(RESULTS, cells=tuple(replace(cell, outcome=None) for cell in RESULTS.cells))
    with pytest.raises(InputError, match="no run was finished"):
        across_switches(none, GRID, tmp_path / "none.png")
