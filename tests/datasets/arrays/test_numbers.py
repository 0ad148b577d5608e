from pathlib import Path

import numpy as np
import pytest
import torch

from onward.datasets.arrays.numbers import Numbers, OnDisk
from onward.datasets.arrays.paged import Paged
from onward.datasets.labels import Labels
from onward.datasets.raw import Raw
from onward.datasets.reading import Care, Reading
from onward.errors import InputError
from onward.types import Examples


def on_disk(path, values):
    values.tofile(path)
    paged = Paged.at(path)
    labels = Labels(np.arange(len(values)) % 2)
    return Raw(Numbers(paged.array(values.dtype, values.shape), path, paged), labels, path)


@pytest.mark.parametrize("dtype", [np.uint8, np.float64, np.int16, ">f4"])
@pytest.mark.parametrize("shape", [(3,), (4, 5), (4, 5, 3)])
def test_what_stays_on_disk_is_what_would_be_in_memory(tmp_path, dtype, shape):
    raw = on_disk(tmp_path / "x", np.random.default_rng(0).integers(0, 99, (7, *shape)).astype(dtype))
    lazy, held = raw.taken(Reading(memory=0)).data, raw.taken(Reading()).data
    assert isinstance(lazy, OnDisk) and isinstance(held, Examples)
    rows = torch.tensor([6, 0, 0, 3])
    batch = lazy.take(rows)
    assert torch.equal(batch.inputs, held.inputs[rows]) and batch.inputs.dtype == held.inputs.dtype
    assert torch.equal(batch.targets, held.targets[rows])


@pytest.mark.parametrize("memory", [0, 2**30])
def test_rows_that_are_not_finite_are_found_wherever_they_lie(tmp_path, memory):
    values = np.zeros((6, 2))
    values[1, 0], values[4, 1] = np.nan, 1e300  # which overflows float32
    raw = on_disk(tmp_path / "x", values)
    with pytest.raises(InputError, match=r"2 of 6 rows .* cannot be used: row 1 .*, row 4"):
        raw.taken(Reading(memory=memory))
    left = raw.taken(Reading(care=Care(corrupt="skip"), memory=memory))
    assert left.corrupt == ("row 1", "row 4") and left.data.targets.tolist() == [0, 0, 1, 1]
    assert torch.equal(left.data.take(torch.arange(4)).inputs, torch.zeros(4, 2))


def held_now() -> int:
    """Bytes of this process that lie in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.mark.skipif(not Path("/proc/self/statm").is_file(), reason="asks Linux what the process holds")
def test_what_stays_on_disk_leaves_memory_flat(tmp_path):
    raw = on_disk(tmp_path / "x", np.zeros((1024, 2**14), np.float32))  # 64 MiB
    lazy, before = raw.taken(Reading(memory=2**20)).data, held_now()
    most = max(held_now() for rows in torch.arange(1024).split(16) if lazy.take(rows).inputs.any() == 0)
    assert most - before < 2**24  # a batch is 1 MiB, a look through all of it takes 16 MiB at a time


def test_what_are_no_inputs_is_refused():
    with pytest.raises(InputError, match="a row for each example"):
        Numbers(np.zeros(3), Path("x"))
    with pytest.raises(InputError, match="uint8 or float, got complex128"):
        Numbers(np.zeros((3, 2), complex), Path("x"))
