"""A stream whose experiences come together."""

from __future__ import annotations

import torch
from tests.streams.test_scenario import NAMES, numbered, rows

from onward.streams.experience import together
from onward.streams.scenario import class_incremental, data_incremental, task_incremental


def test_all_training_data_comes_once_in_the_order_of_the_stream():
    stream = class_incremental(numbered(40), numbered(12, seed=1), 2, seed=0)
    (whole,) = together(stream)
    assert rows(whole.train) == [row for each in stream for row in rows(each.train)]
    assert sorted(rows(whole.train)) == list(range(40))
    assert (whole.name, whole.candidates, whole.train.classes) == ("all", None, NAMES[:4])


def test_each_test_counts_once_though_several_share_it():
    stream = data_incremental(numbered(40), numbered(12, seed=1), 4, seed=0)
    assert len({id(each.test) for each in stream}) == 1
    (whole,) = together(stream)
    assert rows(whole.test) == list(range(12))
    parted = class_incremental(numbered(40), numbered(12, seed=1), 2, seed=0)
    assert sorted(rows(together(parted)[0].test)) == list(range(12))
    assert torch.equal(whole.test.targets, stream[0].test.targets)


def test_where_the_task_is_told_at_test_the_one_experience_holds_those_that_it_is_made_of():
    stream = task_incremental(numbered(40), numbered(12, seed=1), 2, seed=0)
    (every,) = together(stream)
    assert every.of == stream and every.candidates is None
    assert (len(every.train), len(every.test)) == (40, 12)
