import tempfile

import numpy as np
import pytest

from onward.datasets.arrays.paged import Growing, Paged
from onward.errors import InputError


@pytest.mark.parametrize("memory", [0, 100, 10**6])
def test_what_grows_is_the_same_in_memory_and_on_disk(memory):
    whole = np.arange(60, dtype=np.int32).reshape(10, 3, 2)
    growing = Growing(memory)
    for piece in np.split(whole, [1, 1, 7]):
        growing.add(piece)
    held, paged = growing.done()
    assert np.array_equal(held, whole) and held.dtype == np.int32
    assert (paged is not None) == (memory < whole.nbytes)


def test_nothing_grows_to_nothing():
    held, paged = Growing(10).done()
    assert len(held) == 0 and paged is None


def test_pieces_of_another_shape_are_refused_with_both():
    growing = Growing(100)
    growing.add(np.zeros((2, 3)))
    with pytest.raises(InputError, match=r"one shape, got \(3,\) and \(4,\)"):
        growing.add(np.zeros((2, 4)))


def test_pages_that_were_let_go_are_read_again(tmp_path):
    values = np.arange(10_000)
    values.tofile(tmp_path / "values")
    paged = Paged.at(tmp_path / "values")
    held = paged.array(values.dtype, values.shape)
    for _ in range(2):
        assert np.array_equal(held, values)
        paged.let_go()


def test_a_temporary_folder_that_is_not_there_is_said_with_the_way_out(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with pytest.raises(InputError, match=r"temporary file, which failed: .*TMPDIR"):
        Growing(0).add(np.zeros((2, 3)))
