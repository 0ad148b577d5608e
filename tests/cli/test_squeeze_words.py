"""``onward squeeze`` as it is typed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from tests.cli.terminal import done, refused, typed

import onward
from onward.nets.grown import source

LOOSE = "[gate]\nmargin = 1.0\nnegative_flips = 1.0\n"
HELD = "--data digits:train@classes=0,1,2,3@rows=300:360"


@pytest.fixture(scope="session")
def with_grown(tmp_path_factory, made_lineage) -> Path:
    """A lineage whose ``prod`` was expanded by twelve units, under a gate that lets anything pass."""
    place = shutil.copytree(made_lineage, tmp_path_factory.mktemp("grown") / ".onward")
    (place / "lineage.toml").write_text(LOOSE)
    done(f"update prod --data digits:train@classes=0,1,2,3@rows=0:200 --method expanse --epochs 3 --lineage {place}")
    return place


@pytest.fixture
def expanded(folder, with_grown) -> Path:
    """A copy of it, where commands look for one."""
    return shutil.copytree(with_grown, folder / ".onward")


@pytest.mark.usefixtures("expanded")
def test_what_was_taken_out_is_told_judged_and_promoted():
    told = done("squeeze prod --share 0.5 --note lean")
    assert told.fact("made") == "squeeze 6 of 12 added units by magnitude"
    # Of 64 pixels 6 units with their biases fewer, and 6 columns fewer for a row and for a correction of three rows.
    fewer = 6 * 65 + 6 * (1 + 3)
    sizes = [sum(p.numel() for p in onward.load(each).model.parameters()) for each in ("prod~1", "prod")]
    assert sizes[0] - sizes[1] == fewer
    assert told.fact("size") == f"12 -> 6 added units, {sizes[0]:,} -> {sizes[1]:,} parameters"
    assert told.fact("version") == f"{onward.Lineage('.onward').resolve('prod')[:8]} is head of prod"
    assert "bill" not in told.out and done("log prod").out.splitlines()[2].strip() == f"{told.fact('made')}: lean"
    inputs = onward.read("digits:test@rows=0:20").inputs
    assert torch.equal(source(onward.load("prod").model)(inputs), onward.load("prod~2").model(inputs))
    assert done("verify").out.endswith("all is as it was written\n")


@pytest.mark.usefixtures("expanded")
def test_json_tells_the_same_and_the_head_may_stay():
    before = onward.Lineage(".onward").resolve("prod")
    values = done(f"squeeze prod --by change --tolerance 0.05 {HELD} --no-promote --json").json
    assert (values["promoted"], values["parent"]) == (False, before) and onward.Lineage(".onward").resolve(
        "prod"
    ) == before
    (had, have), (was, now) = values["units"], values["accuracy"]
    assert had == 12 > have >= 1 and now >= was - 0.05
    assert values["verdict"]["word"] == "PASS"
    told = done(f"squeeze prod --by change --tolerance 0.05 {HELD} --no-promote")
    assert told.fact("held out") == f"{100 * was:.1f} -> {100 * now:.1f} %"
    assert done("squeeze prod --share 0").fact("version") == "none was made: no unit can go"
    assert done("squeeze prod --share 0 --json").json["version"] is None


def test_one_that_the_gate_holds_back_ends_with_3(expanded):
    every = "--data digits:train@rows=0:300 --test digits:test@rows=0:100"
    done(f"update prod {every} --method \"expanse(mode='authors', units=40)\" --epochs 4")
    (expanded / "lineage.toml").write_text("[gate]\nmargin = 0.0\nnegative_flips = 0.0\n")
    before = onward.Lineage(".onward").resolve("prod")
    ended = typed("squeeze prod --share 1")
    assert ended.code == 3 and onward.Lineage(".onward").resolve("prod") == before


MISTAKES = [
    ("prod~1 --share 0.5", "this one was never expanded"),
    ("prod", "share must be given where tolerance is not"),
    ("prod --share half", "Invalid value for '--share'"),
    ("prod --tolerance 0.1", "data must be given where by is change, or tolerance is given"),
    ("prod --share 0.5 --by size", "by"),
    ("prod --share 0.5 --data nowhere.npz", "nowhere.npz"),
]


@pytest.mark.usefixtures("expanded")
@pytest.mark.parametrize(("words", "told"), MISTAKES)
def test_a_mistake_is_told_and_nothing_is_written(words, told):
    assert told in refused(f"squeeze {words}")
