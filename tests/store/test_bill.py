from __future__ import annotations

import shutil

import pytest
from tests.store.worlds import learner

from onward.learner import Learner
from onward.nets.zoo import fresh
from onward.record import Cost, PhaseRecord, Record
from onward.store.bill import share_of_scratch
from onward.store.card import Card, DataFacts
from onward.store.lineage import Lineage, Version


def made(lineage: Lineage, parent: Version, examples: int, samples: int, *epochs: int) -> Version:
    phases = tuple(
        PhaseRecord("train", examples, 64, 0, ("loss",), 1, count, 1, 1, samples, {}, (), 0.0) for count in epochs
    )
    data = DataFacts("x.npz", examples, {}, "")
    card = Card(net={}, parent=parent.id, data=data, record=Record(phases, Cost(samples=samples)))
    return lineage.save(learner(1), card)


@pytest.fixture
def lineage(tmp_path):
    return Lineage.create(tmp_path)


@pytest.fixture
def begun(lineage):
    return lineage.save(Learner(fresh("mlp", (2,), 0, width=2)), Card(net={}))


def test_share_is_of_as_many_passes_over_all_data_so_far(lineage, begun):
    first = made(lineage, begun, 100, 500, 5)
    assert share_of_scratch(lineage, first) == 1.0  # 500 / (100 * 5)
    second = made(lineage, first, 60, 240, 2)
    assert share_of_scratch(lineage, second) == 0.75  # 240 / ((100 + 60) * 2)
    third = made(lineage, second, 40, 100, 1, 4)
    assert share_of_scratch(lineage, third) == 0.125  # 100 / ((100 + 60 + 40) * 4): the longest phase counts


def test_share_is_not_known_where_scratch_is_not(lineage, begun):
    brought = lineage.save(learner(1), Card(net={}))
    assert share_of_scratch(lineage, made(lineage, brought, 100, 500, 5)) is None  # its data is not known
    assert share_of_scratch(lineage, begun) is None  # nothing was trained
    assert share_of_scratch(lineage, made(lineage, begun, 100, 0, 0)) is None  # no pass was made
    assert share_of_scratch(lineage, made(lineage, begun, 100, 0)) is None


def test_share_is_not_known_where_an_ancestor_is_gone(lineage, begun):
    first = made(lineage, begun, 100, 500, 5)
    second = made(lineage, first, 60, 240, 2)
    shutil.rmtree(first.path)
    assert share_of_scratch(lineage, second) is None
