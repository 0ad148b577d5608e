"""Update after update, nothing that a process or a version holds grows."""

from __future__ import annotations

import json

import pytest

from onward.store.lineage import Lineage

UPDATES = 30
LEAK = 100 * 1024
"""Bytes an update: a tenth of what a small batch of images takes, and ten times what was measured."""


@pytest.fixture(scope="module")
def soaked(bench):
    return bench.soak(UPDATES, seed=1)


def test_every_update_is_promoted_and_the_lineage_is_whole(soaked):
    assert (soaked.problems, soaked.versions, len(soaked.held)) == ((), UPDATES + 1, UPDATES)


@pytest.mark.parametrize("name", ["tensors", "files", "kept"])
def test_nothing_more_is_held_after_the_last_update_than_after_the_third(soaked, name):
    early, late = (getattr(soaked.held[place], name) for place in (2, -1))
    assert late == early


def test_memory_stays_and_a_version_is_no_larger_than_the_one_before_it(soaked):
    assert soaked.slope("resident") < LEAK
    assert abs(soaked.slope("version")) < 10


def test_the_last_update_reads_as_many_cards_as_the_third(bench, tmp_path, monkeypatch):
    lineage, read, counts, real = bench.begun(tmp_path, 1), [], [], Lineage.read
    monkeypatch.setattr(Lineage, "read", lambda self, id: (read.append(id), real(self, id))[1])
    for number in range(6):
        bench.updated(lineage, tmp_path, 1, number)
        counts.append(len(read))
        read.clear()
    assert counts[2:] == counts[2:3] * 4 and counts[0] > 0


def test_what_grows_is_told_with_its_slope(bench):
    held = tuple(bench.Held(number, 1000 * number, 0, 6, 10, 20) for number in range(8))
    soaked = bench.Soaked(held, (), 9)
    assert (soaked.slope("resident"), soaked.slope("files")) == (1000, 0)
    assert (soaked.quarter(last=False), soaked.quarter(last=True)) == (1, 7)


def test_it_prints_and_writes_what_it_found(bench, tmp_path, capsys):
    bench.main(["--updates", "4", "--versions", "5", "--json", str(tmp_path / "found.json")])
    printed, written = capsys.readouterr().out, json.loads((tmp_path / "found.json").read_text())
    assert len(written["soak"]["held"]) == 4 and written["long"].keys() == {"update", "log", "diff", "verify", "gc"}
    assert "verify    0 problems in 5 versions" in printed and "in a lineage of 5 versions: update" in printed
