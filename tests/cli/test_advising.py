"""The command that advises: what it prints, and that it changes nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.cli.terminal import ANSI, contents, done, refused

import onward

SAME = "digits:train@classes=0,1,2@rows=200:400"
NEW = "digits:train@classes=3,4@rows=0:200"
BROUGHT = """
from torch import nn


def build():
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 24), nn.ReLU(), nn.Linear(24, 3))
"""

pytestmark = pytest.mark.usefixtures("lineage")


def test_more_of_the_same_asks_for_nothing():
    told = done(f"advise prod --data {SAME}")
    assert told.fact("preflight") == "200 new examples · no new class · 3 of 3 old classes present"
    assert told.fact("scenario").startswith("same classes; methods that fit: ")
    assert told.fact("advice").startswith("nothing: no class is new")
    assert "to do so" not in told.out


def test_new_classes_ask_for_a_command_that_can_be_typed():
    told = done(f"advise prod --data {NEW} --set epochs=2 --seed 3")
    assert told.fact("rests on") == "2 new classes (3, 4), which it cannot predict"
    command = told.fact("to do so")
    assert command.startswith(f"onward update prod --data {NEW} --set epochs=2 --seed 3")
    done(f"{command.removeprefix('onward ')} --steps 0")


def test_what_is_asked_about_the_data_goes_on_into_the_command():
    arrived = onward.read(NEW)
    np.savez("monday.npz", x=arrived.inputs, y=np.where(np.arange(200) == 7, -1, arrived.targets))
    assert "1 of 200 rows in monday.npz has no class: row 7" in refused("advise prod --data monday.npz")
    flags = "--unlabeled skip --overlap keep --new-classes --workers 2"
    told = done(f"advise prod --data monday.npz {flags} --exemplar-free --method lwf")
    assert "1 unlabeled file" in told.out and "methods that fit: refit_head" in told.out
    assert told.fact("to do so").startswith(
        "onward update prod --data monday.npz --unlabeled skip --overlap keep --exemplar-free --new-classes --workers 2"
    )
    assert "keep" in refused("advise prod --data monday.npz --unlabeled skip --exemplar-free --method replay")


def test_each_option_has_a_row_with_its_costs():
    told = done(f"advise prod --data {SAME}")
    rows = {line.split()[0]: line.split() for line in told.out.splitlines() if line and not line.startswith(" ")}
    assert list(rows) == ["option", "nothing", "head", "update", "scratch"]
    # 5 epochs of 200, and 16 of the memory beside each of 4 batches; from scratch 5 epochs of 200 and 200 before.
    assert [rows[name][1] for name in ("nothing", "head", "update", "scratch")] == ["0", "1,320", "1,320", "2,000"]
    assert [rows[name][3] for name in ("head", "update")] == ["MFLOPs", "MFLOPs"]


def test_json_holds_the_facts_the_options_and_the_grounds():
    values = done(f"advise prod --data {SAME} --json").json
    assert values["recommended"] == "nothing" and values["facts"]["scenario"] == "same classes"
    assert [each["name"] for each in values["options"]] == ["nothing", "head", "update", "scratch"]
    assert values["basis"]["arrived"]["examples"] == 200 and values["facts"]["shift"]["shifted"] is False
    assert values["grounds"][-1] == "200 examples arrived, after 200 so far"


def test_what_a_model_that_was_brought_was_trained_on_is_not_known():
    Path("brought_net.py").write_text(BROUGHT, encoding="utf-8")
    done("init own --model brought_net:build --classes 0,1,2 --test digits:test@classes=0,1,2")
    values = done(f"advise own --data {SAME} --json").json
    assert values["options"][-1]["examples"] is None
    assert values["grounds"][-1] == "200 examples arrived, after an unknown number so far"
    assert "unknown" in done(f"advise own --data {SAME}").out


def test_a_version_that_knows_nothing_yet_is_to_be_trained():
    told = done("advise raw --data digits:train@rows=0:300 --method replay")
    assert told.fact("advice") == "update: the version in use knows no class yet"
    assert told.fact("to do so").endswith("--method 'replay(size=500, per_batch=32)'")


def test_nothing_is_written():
    before = contents(Path())
    done(f"advise prod --data {NEW} --method lwf")
    assert contents(Path()) == before


def test_mistakes_are_refused():
    assert "unknown method 'lwff'" in refused(f"advise prod --data {SAME} --method lwff")
    assert "unknown data set 'digit'" in refused("advise prod --data digit:train")


@pytest.mark.usefixtures("narrow")
def test_on_a_narrow_terminal_no_line_is_too_long():
    lines = ANSI.sub("", done(f"advise prod --data {NEW}").out).splitlines()
    command = next(k for k, line in enumerate(lines) if line.startswith("  to do so"))
    assert all(len(line) <= 80 for line in lines[:command])
