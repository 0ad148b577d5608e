"""Drawing as many examples of each class from both sides."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from onward.preflight.matching import at_most, drawn, shared
from onward.rng import generator

classes = st.lists(st.integers(-1, 3), max_size=40).map(lambda ids: torch.tensor(ids, dtype=torch.int64))
wishes = st.lists(st.integers(0, 6), min_size=4, max_size=4).map(torch.tensor)


@given(classes, wishes)
def test_each_class_comes_as_often_as_is_wanted_or_there_is(ids, wanted):
    rows = drawn(ids, wanted, generator(0, "drawn"))
    assert len(set(rows.tolist())) == len(rows)
    for k in range(4):
        assert int((ids[rows] == k).sum()) == min(int(wanted[k]), int((ids == k).sum()))
    assert not (ids[rows] < 0).any()


def test_rows_stand_class_by_class():
    rows = drawn(torch.tensor([1, 0, 1, 0, -1]), torch.tensor([9, 9]), generator(0, "drawn"))
    assert torch.tensor([1, 0, 1, 0, -1])[rows].tolist() == [0, 0, 1, 1]


def test_each_row_is_as_probable_as_another():
    """One of four rows, 2,000 times: 500 each, and 4 standard deviations of that are 77."""
    draws, ids = generator(0, "drawn"), torch.zeros(4, dtype=torch.int64)
    times = torch.bincount(torch.cat([drawn(ids, torch.tensor([1]), draws) for _ in range(2000)]), minlength=4)
    assert int((times - 500).abs().max()) < 77


def test_what_both_sides_have():
    assert shared(torch.tensor([0, 0, 2, -1]), torch.tensor([0, 1, 2, 2, -1]), 3).tolist() == [1, 0, 1]


def test_too_many_are_cut_in_proportion():
    assert at_most(torch.tensor([300, 100, 0]), 200).tolist() == [150, 50, 0]
    assert at_most(torch.tensor([30, 10]), 200).tolist() == [30, 10]
