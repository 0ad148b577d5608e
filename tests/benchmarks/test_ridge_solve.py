"""The benchmark runs as a command, its rivals solve the same problem, and memory is what a rival makes."""

from __future__ import annotations

from dataclasses import replace
from statistics import median

import pytest
import torch


def test_the_table_has_a_line_for_each_rival_and_names_machine_and_aim(run, bench):
    printed, facts = run
    assert sum(line.startswith("│ ") for line in printed.splitlines()) == len(bench.RIVALS)
    assert list(facts["rivals"]) == list(bench.RIVALS)
    assert facts["machine"]["processor"] in printed and "the aim for onward is 1.3" in " ".join(printed.split())


def test_a_ratio_is_that_of_the_seconds_of_each_round(run):
    _, facts = run
    first, *_ = facts["rivals"].values()
    for rival in facts["rivals"].values():
        shares = [a / b for a, b in zip(rival["seconds"], first["seconds"], strict=True)]
        assert len(shares) == 3 and rival["ratio"]["median"] == pytest.approx(median(shares))


def test_rivals_that_find_other_rows_are_refused(bench, monkeypatch):
    solves = bench.fair(bench.QUICK)
    assert [name for name, solve in solves.items() if solve() is None] == ["two products", "two products, float32"]
    monkeypatch.setitem(bench.RIVALS, "torch lstsq", lambda h, y, c: lambda: torch.ones(c, h.shape[1]).double())
    with pytest.raises(SystemExit, match="torch lstsq and onward found other rows"):
        bench.fair(bench.QUICK)


def test_our_memory_does_not_grow_with_the_examples_and_that_of_the_products_does(bench):
    """200,000 examples more are 49 MiB of features and 15 MiB of targets in float64."""
    short, names = bench.Problem(50_000, 32, 10, rounds=1), ("onward", "two products")
    held = [bench.memories(problem, names) for problem in (short, replace(short, n=250_000))]
    ours, products = (held[1][name] - held[0][name] for name in names)
    assert ours < 8 and products > 55
