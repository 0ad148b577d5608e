"""The gate on MNIST: a poisoned update is kept back, a good one is let through."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.cli.terminal import Typed, done, typed

import onward
from onward.rng import generator

pytestmark = pytest.mark.data

GOOD = "mnist:train@shuffle=0@rows=2000:5000"
TEST = "mnist:test@shuffle=0@rows=0:2000"
PASSES = "--epochs 6"


@pytest.fixture(scope="module")
def begun(desk, data_dir) -> str:
    """A lineage after 2,000 images; and 3,000 others, 30 % of them under the next digit. The way to the data."""
    where = f"--data-dir {data_dir}"
    done(f"init prod --model 'mlp(width=128, depth=1)' --test {TEST} {where}")
    done(f"update prod --data mnist:train@shuffle=0@rows=0:2000 {PASSES} {where}")
    arrived = onward.read(GOOD, data_dir)
    wrong = torch.rand(len(arrived), generator=generator(0, "poison")) < 0.3
    targets = torch.where(wrong, (arrived.targets + 1) % 10, arrived.targets)
    np.savez("poisoned.npz", x=arrived.take(torch.arange(len(arrived))).inputs.numpy(), y=targets.numpy())
    return where


def verdict_of(ended: Typed) -> dict[str, Any]:
    """What gate.json says of the version that an update made."""
    (version,) = Path(".onward/versions").glob(f"{ended.fact('version')[:8]}*")
    return json.loads((version / "gate.json").read_text())


def test_an_update_with_wrong_labels_is_kept_back_and_gate_json_says_why(begun):
    before = done("show prod --json").json
    ended = typed(f"update prod --data poisoned.npz {PASSES} {begun}")
    assert ended.code == 3 and ended.fact("gate").startswith("FAIL")
    assert ended.fact("version").endswith("is kept and no head names it")
    said = verdict_of(ended)
    assert not said["passed"]
    broken = {each["rule"]: each["told"] for each in said["findings"] if each["status"] == "fail"}
    measured = done(f"show {ended.fact('version')[:8]} --json").json["measures"][0]
    was, now = (f"{100 * measured[key]:.1f}" for key in ("parent_accuracy", "accuracy"))
    assert f"{was} -> {now} %" in broken[f"accuracy on {TEST}"]
    assert measured["parent_accuracy"] - measured["accuracy"] > 0.01
    assert done("show prod --json").json == before


def test_an_update_with_right_labels_is_let_through(begun):
    parent = done("show prod --json").json["id"]
    ended = typed(f"update prod --data {GOOD} {PASSES} {begun}")
    assert (ended.code, ended.err) == (0, "") and ended.fact("gate").startswith("PASS")
    said = verdict_of(ended)
    assert said["passed"] and {each["status"] for each in said["findings"]} == {"pass"}
    now = done("show prod --json").json
    assert now["parent"] == parent and now["measures"][0]["accuracy"] > now["measures"][0]["parent_accuracy"]
