from __future__ import annotations

import json
from dataclasses import replace

import pytest
from tests.experiment.story import outcome
from tests.experiment.test_plan import CELL

from onward.errors import StoreError
from onward.experiment.ledger import Ledger, digest
from onward.experiment.results import CellResult

RESULT = CellResult("mine", CELL.contender.method, 0, outcome([[1 / 3, 0.0], [0.1 + 0.2, 1.0]]), key=CELL.key)


def test_what_was_written_is_found_again_to_the_last_bit(tmp_path):
    ledger = Ledger(tmp_path / "cells")
    ledger.write(CELL, RESULT)
    assert ledger.find(CELL) == RESULT


def test_cell_that_was_not_run_is_not_found(tmp_path):
    ledger = Ledger(tmp_path / "cells")
    ledger.write(CELL, RESULT)
    assert ledger.find(replace(CELL, seed=1)) is None


def test_cell_is_found_under_a_new_label(tmp_path):
    ledger = Ledger(tmp_path)
    ledger.write(CELL, RESULT)
    found = ledger.find(replace(CELL, contender=replace(CELL.contender, label="renamed")))
    assert found == replace(RESULT, label="renamed")


def test_learning_curves_are_found_again_and_a_cell_from_before_there_were_any_is_read(tmp_path):
    ledger = Ledger(tmp_path)
    learned = replace(RESULT, outcome=replace(RESULT.outcome, learning=((2.5, 1 / 3), (0.5,))))
    ledger.write(CELL, learned)
    assert ledger.find(CELL) == learned
    record = json.loads(ledger.path(CELL).read_text())
    del record["result"]["outcome"]["learning"]
    record["sha256"] = digest(record["result"])
    ledger.path(CELL).write_text(json.dumps(record))
    assert ledger.find(CELL) == RESULT


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: "",
        lambda text: "[]",
        lambda text: json.dumps({"result": {}}),
        lambda text: text.replace("0.3333333333333333", "0.4333333333333333"),
        lambda text: text.replace('"seed": 0', '"seed": 1'),
    ],
    ids=["cut off", "empty", "a list", "no definition", "another number", "another seed"],
)
def test_damaged_file_is_not_believed(tmp_path, damage):
    ledger = Ledger(tmp_path)
    ledger.write(CELL, RESULT)
    path = ledger.path(CELL)
    whole = path.read_text()
    path.write_text(damage(whole))
    assert path.read_text() != whole
    with pytest.raises(StoreError, match=CELL.key):
        ledger.find(CELL)
