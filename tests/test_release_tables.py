"""A table's columns are known by name, as classes are: their order may change, none may be lost."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pytest

from onward.datasets.reading import Reading
from onward.datasets.source import read
from onward.engine.evaluate import judge
from onward.errors import InputError
from onward.nets.zoo import fresh
from onward.release.arrival import Arrival, ready
from onward.release.beginning import begin
from onward.release.inputs import reading_for
from onward.release.making import release
from onward.settings import Settings
from onward.store.lineage import Lineage

SETTINGS = Settings(epochs=20, batch_size=16, lr=0.05)


def table(path: Path, columns: dict[str, int], rows: int = 120) -> str:
    """Write a CSV file of two classes that differ in the column ``high`` alone; columns in the given order."""
    made = {}
    for name, seed in columns.items():
        made[name] = [float((k * 7 + seed) % 5) / 10 + (2.0 if name == "high" and k % 2 else 0.0) for k in range(rows)]
    made["label"] = ["up" if k % 2 else "down" for k in range(rows)]
    pa.csv.write_csv(pa.table(made), path)
    return str(path)


@pytest.fixture
def lineage(tmp_path) -> Lineage:
    lineage = Lineage.create(tmp_path / "lineage")
    begin(lineage, "prod", fresh("mlp", (3,), 0, width=8, depth=1))
    first = table(tmp_path / "first.csv", {"high": 1, "low": 2, "mid": 3})
    test = table(tmp_path / "test.csv", {"mid": 4, "low": 5, "high": 6})  # in another order
    done = release(ready(lineage, "prod", Arrival(first, (test,), settings=SETTINGS)), "prod")
    assert done.version.card.data.columns == ("high", "low", "mid")
    assert done.version.card.measures[0].accuracy == 1.0  # so its columns were found by their names
    return lineage


def test_columns_in_another_order_and_columns_that_are_new_change_nothing(lineage, tmp_path):
    version = lineage.version("prod")
    learner = lineage.load("prod")
    reading = reading_for(lineage, version, learner.model)
    assert reading.columns == ("high", "low", "mid")
    other = table(tmp_path / "other.csv", {"id": 9, "low": 2, "mid": 3, "high": 1})
    data = read(other, reading=reading)
    assert tuple(data.inputs.shape[1:]) == (3,) and judge(learner, data).accuracy == 1.0
    assert judge(learner, read(f"{other}@columns=low,mid,high", reading=Reading())).accuracy == 0.5  # by place it fails


def test_columns_are_known_after_an_update_by_something_that_is_no_table(lineage, tmp_path):
    import numpy as np

    data = read(str(tmp_path / "first.csv"))
    np.savez(tmp_path / "more.npz", x=data.inputs.numpy(), y=np.array(data.classes)[data.targets.numpy()])
    plain = Arrival(str(tmp_path / "more.npz"), settings=SETTINGS)
    done = release(ready(lineage, "prod", plain), "prod")
    assert done.version.card.data.columns == ()
    assert reading_for(lineage, done.version, lineage.load("prod").model).columns == ("high", "low", "mid")


def test_a_table_that_lacks_a_column_is_refused(lineage, tmp_path):
    short = table(tmp_path / "short.csv", {"high": 1, "mid": 3})
    with pytest.raises(InputError, match=r"short\.csv has no columns low, which the model takes; it has high, mid"):
        ready(lineage, "prod", Arrival(short))
