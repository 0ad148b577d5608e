"""What a hunt found once is not found again: bytes that broke a reader, and what is said of them now."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.datasets.written import counted, drawn
from tests.hostile.cases import tried
from tests.hostile.stored import EXPERIMENT
from tests.hostile.targets import BY_NAME
from tests.hostile.watch import bounded

from onward.datasets.source import Source
from onward.errors import InputError, OnwardError
from onward.store.tensors import read_weights

DEEP, LONG, WIDE = "[" * 5000, "9" * 5000, "a" * 5000


def table(label: pa.Array, **columns: pa.Array) -> bytes:
    held = io.BytesIO()
    pq.write_table(pa.table({**columns, "label": label}), held)
    return held.getvalue()


def twice() -> bytes:
    """An archive with both ``x`` and ``x.npy``, of which the one is an array and the other is not."""
    held = io.BytesIO()
    np.savez(held, x=drawn(6, 4), y=counted(6, 2))
    with zipfile.ZipFile(held, "a") as archive:
        archive.writestr("x", b"no array")
    return held.getvalue()


LISTS = pa.array([[], []], pa.list_(pa.uint8()))
REFUSED = [
    ("lineage.toml", f"[gate]\nmargin = {DEEP}", "is not a TOML file that can be read: .*recursion"),
    ("lineage.toml", f"[gate]\nmargin = {LONG}", "is not a TOML file that can be read: .*4300 digits"),
    ("settings text", f"lr={DEEP}", "a value cannot be read: .*recursion"),
    ("settings text", f"lr={LONG}", "a value cannot be read: .*4300 digits"),
    ("method text", "|".join(["sgm"] * 20_000), "cannot read|stack"),
    ("version reference", f"prod~{LONG}", "after ~ comes how many versions to go back"),
    ("experiment TOML", EXPERIMENT.replace("seeds = 1", f"seeds = {10**15}"), "seeds must be how many, 1 to 10000"),
    ("experiment TOML", EXPERIMENT.replace('test = "./train', f'test = "./{WIDE}'), "File name too"),
    ("experiment TOML", EXPERIMENT.replace("parts = 2", f"{'a' * 70_000} = 2"), "unknown name in .stream."),
    ("experiment TOML", EXPERIMENT.replace("width = 4", f"depth = {10**15}"), "depth must be <= 10000"),
    ("class names, YAML", "[" * 200_000, "holds no class names .it is nested too deep"),
    ("adapter config", "[0]", r"adapter_config\.json holds a list, no object"),
    ("adapter config", DEEP, "cannot be read: .*recursion"),
    ("Parquet", table(pa.array([2**56 + 1, 0]), a=pa.array([1.0, 2.0])), "a class must be a whole number or a name"),
    ("Parquet", table(pa.array([0, 1]), x=LISTS), "lists must have one length, and not be empty"),
]  # fmt: skip


def test_parquet_with_statistics_that_lie_does_not_end_the_process(tmp_path):
    target = BY_NAME["Parquet"]
    target.made(tmp_path / "world")
    said = tried(target, tmp_path / "world", (Path(__file__).parent / "fixtures/statistics.parquet").read_bytes())
    assert said in ({"valid": ""}, {"refused": ""})


@pytest.mark.parametrize("archive", [True, False])
def test_torch_is_not_asked_about_a_name_as_long_as_a_book(tmp_path, archive):
    held = b"\x80\x02}q\x01(X\x01\x00\x00\x00wq\x03ctorch._" + b"a" * 70_000 + b"\n_rebuild\nq\x04u."
    if archive:
        with zipfile.ZipFile(tmp_path / "w.pt", "w") as file:
            file.writestr("archive/data.pkl", held)
            file.writestr("archive/version", b"3\n")
    else:
        (tmp_path / "w.pt").write_bytes(held)
    with pytest.raises(InputError, match="holds more than tensors, or is damaged"), bounded(5.0, 2**30):
        read_weights(tmp_path / "w.pt")


def test_a_source_of_a_thousand_mistakes_does_not_fill_the_screen():
    with pytest.raises(InputError, match=r"and 950 more problems$") as refused:
        Source.parse("./a.csv" + "".join(f"@rows=a{k}" for k in range(1000)))
    assert len(str(refused.value)) < 20_000


@pytest.mark.parametrize(("name", "raw", "said"), REFUSED)
def test_it_is_refused_in_our_words(tmp_path, name, raw, said):
    target = BY_NAME[name]
    target.made(tmp_path / "world")
    target.plant(tmp_path / "world", raw if isinstance(raw, bytes) else raw.encode())
    with pytest.raises(OnwardError, match=said):
        target.read(tmp_path / "world")


@pytest.mark.parametrize(
    ("name", "raw"),
    [("npz", twice()), ("experiment TOML", EXPERIMENT.replace("watch = 4", "watch = 1e-400").encode())],
)
def test_it_is_read(tmp_path, name, raw):
    target = BY_NAME[name]
    target.made(tmp_path / "world")
    target.plant(tmp_path / "world", raw)
    assert target.read(tmp_path / "world")


def test_of_ten_thousand_problems_fifty_are_told(tmp_path):
    target = BY_NAME["lineage.toml"]
    target.made(tmp_path / "world")
    target.plant(tmp_path / "world", "\n".join(["[gate]", *(f"a{k} = 1" for k in range(10_000))]).encode())
    with pytest.raises(OnwardError, match=r"and 9,950 more problems$") as refused:
        target.read(tmp_path / "world")
    assert str(refused.value).count("unknown name") == 50
