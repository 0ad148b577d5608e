"""The benchmark runs as a command, and its rivals train networks of one shape by one model or three corners."""

from __future__ import annotations

import pytest
import torch


def test_the_table_has_a_line_for_each_rival_of_each_cell_and_names_the_machine(run):
    printed, facts = run
    for name in ("one model", "subspace"):
        assert sum(f"│ {name} " in line for line in printed.splitlines()) == len(facts["cells"]) == 2
    assert facts["machine"]["processor"] in printed and torch.__version__ in printed
    assert facts["clock"] == "CPU time"


def test_a_ratio_is_that_of_the_slopes_of_each_round(run, ratios_are_of_slopes):
    for result in run[1]["cells"]:
        ratios_are_of_slopes(result, "subspace", beside="one model")


def test_one_has_corners_and_both_are_one_network_in_the_end(bench):
    for cell in bench.QUICK:
        one, many = (rival(3) for rival in bench.rivals(cell).values())
        assert one.kept == {} and len(next(iter(many.kept.values()))) == 3
        assert one.model.spec() == many.model.spec()
        assert one.model.state_dict().keys() == many.model.state_dict().keys()


def test_rivals_of_two_shapes_are_not_timed(bench, monkeypatch):
    class Larger(bench.SubspaceEnsemble):
        def prepare(self, model, context):
            model.grow(["one more"], 0)
            return model

    monkeypatch.setattr(bench, "SubspaceEnsemble", Larger)
    with pytest.raises(SystemExit, match="does not predict as one model; no times"):
        bench.rivals(bench.QUICK[0])
