"""An epoch passes over everything once, and deals what is beside it fairly."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.problems import images, vectors

from onward.engine.batches import cut, epoch, gathered, resident, steps_in
from onward.errors import InputError
from onward.phase import Phase
from onward.rng import generator
from onward.settings import Settings
from onward.step import Piece
from onward.types import Examples

CPU = torch.device("cpu")


def numbered(n: int) -> Examples:
    return Examples(torch.arange(n)[:, None].float(), torch.zeros(n, dtype=torch.int64), ("a",))


@given(st.integers(1, 40), st.integers(1, 12))
def test_an_order_is_cut_into_batches_of_which_none_but_a_lone_one_is_of_one(n, size):
    order = torch.randperm(n, generator=generator(0))
    batches = cut(order, size)
    sizes = [len(batch) for batch in batches]
    assert torch.equal(torch.cat(batches), order)
    if size > 1:
        assert min(sizes) > 1 or n == 1
        assert all(each == size for each in sizes[:-1]) and sizes[-1] <= size + 1


def test_a_last_batch_of_one_joins_the_one_before_it():
    assert [len(batch) for batch in cut(torch.arange(9), 4)] == [4, 5]
    assert [len(batch) for batch in cut(torch.arange(10), 4)] == [4, 4, 2]
    assert [len(batch) for batch in cut(torch.arange(1), 4)] == [1]


@given(st.integers(1, 30), st.integers(1, 8), st.integers(1, 9), st.integers(1, 12), st.integers(0, 3))
def test_an_epoch_sees_new_data_once_and_each_mixed_example_equally_often(n, batch_size, held, size, seed):
    phase = Phase("train", numbered(n), Settings(batch_size=batch_size)).mixed(numbered(held), size)
    memory = phase.mixes[0]
    batches = list(epoch(phase, [phase.data, memory.data], generator(seed)))
    new = torch.cat([pieces[0].rows for pieces in batches])
    mixed = [pieces[1].rows for pieces in batches]
    assert len(batches) == steps_in(phase)
    assert sorted(new.tolist()) == list(range(n))
    assert {len(rows) for rows in mixed} == {min(size, held)}
    often = torch.bincount(torch.cat(mixed), minlength=held)
    assert int(often.max() - often.min()) <= 1


def test_what_is_mixed_in_does_not_move_the_order_of_the_new_data():
    phase = Phase("train", numbered(10), Settings(batch_size=3))
    plain = list(epoch(phase, [phase.data], generator(4)))
    mixed = list(epoch(phase.mixed(numbered(3), 2), [phase.data, numbered(3)], generator(4)))
    assert [one.rows.tolist() for (one,) in plain] == [one.rows.tolist() for one, _ in mixed]


def test_a_batch_is_the_pieces_one_after_another():
    first, second = numbered(5), Examples(torch.full((2, 1), 9.0), torch.tensor([1, 0]), ("a", "b"))
    batch = gathered([Piece(first, torch.tensor([4, 2])), Piece(second, torch.tensor([0]))], CPU)
    assert batch.inputs[:, 0].tolist() == [4, 2, 9] and batch.targets.tolist() == [0, 0, 1]


def test_pieces_of_different_shape_or_type_are_refused():
    rows = torch.tensor([0])
    with pytest.raises(InputError, match=r"one shape and type, got \(2,\) torch.float32 and \(1, 8, 8\) torch.uint8"):
        gathered([Piece(vectors(), rows), Piece(images(), rows)], CPU)


def test_data_in_memory_that_is_on_the_device_is_not_copied():
    data = numbered(3)
    assert resident(data, CPU) is data
