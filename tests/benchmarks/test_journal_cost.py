"""The benchmark runs as a command, and does not time updates that do not do the same."""

from __future__ import annotations

import pytest


def test_the_table_has_a_line_for_each_way_of_each_cell(run):
    printed, facts = run
    for name in ("none", "every 30 s", "as often as it may"):
        assert sum(f"│ {name} " in line for line in printed.splitlines()) == len(facts["cells"])
    assert all(loop["seconds"]["long"] for cell in facts["cells"] for loop in cell["loops"].values())


def test_updates_that_make_other_weights_are_not_timed(bench, monkeypatch):
    cell, update, calls = bench.QUICK[0], bench.update, []
    assert set(bench.fair(cell)) == {"none", "every 30 s", "as often as it may"}

    def another(learner, data, settings, seed, journal=None):
        calls.append(seed)
        return update(learner, data, settings, seed + len(calls), journal=journal)

    monkeypatch.setattr(bench, "update", another)
    with pytest.raises(SystemExit, match="made other weights; no times"):
        bench.fair(cell)
