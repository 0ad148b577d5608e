"""Kept examples come back as they were, in the form they came in."""

from __future__ import annotations

import pytest
import torch
from tests.conformance.scenarios import Elsewhere, clouds, images

from onward.memory.exemplars import recalled, remembered, without
from onward.types import Examples, joined, subset


@pytest.mark.parametrize("data", [clouds("ab", 0), images("ab", 0)], ids=["floats", "bytes"])
@pytest.mark.parametrize(
    "stored",
    [
        lambda data: data,
        Elsewhere,
        lambda data: subset(Elsewhere(data), torch.arange(len(data))),
        lambda data: joined(subset(data, torch.arange(20)), subset(Elsewhere(data), torch.arange(20, len(data)))),
    ],
    ids=["in memory", "elsewhere", "a view", "joined"],
)
def test_what_is_remembered_is_recalled(data, stored):
    kept = remembered(stored(data))
    assert kept.keys() == {"inputs", "targets"}
    back = recalled(kept, data.classes)
    assert isinstance(back, Examples)
    assert back.inputs.dtype == data.inputs.dtype
    assert torch.equal(back.inputs, data.inputs)
    assert torch.equal(back.targets, data.targets)
    assert back.classes == data.classes


def test_targets_hold_under_the_longer_names_of_a_later_version():
    data = clouds("ab", 0)
    later = recalled(remembered(data), ("a", "b", "c"))
    assert [later.classes[k] for k in later.targets] == [data.classes[k] for k in data.targets]


def test_of_nothing_nothing_is_remembered_or_recalled():
    assert remembered(None) == {}
    assert recalled({}, ("a", "b")) is None
    assert recalled({"seen": torch.tensor(3)}, ("a", "b")) is None


def test_what_is_forgotten_is_gone_and_the_rest_is_as_it_was():
    data = clouds("ab", 0)
    kept = {**remembered(data), "seen": torch.tensor(60)}
    rest = without(kept, subset(data, torch.tensor([0, 2, 31])))
    stays = [row for row in range(60) if row not in (0, 2, 31)]
    assert torch.equal(rest["inputs"], data.inputs[stays]) and torch.equal(rest["targets"], data.targets[stays])
    assert rest["seen"] == 60


def test_examples_are_forgotten_by_their_content_whatever_their_class():
    data = images("ab", 0)
    twice = joined(data, Examples(data.inputs[:3], 1 - data.targets[:3], data.classes))
    gone = Examples(data.inputs[:3], torch.zeros(3, dtype=torch.int64), ("other",))
    rest = without(remembered(twice), gone)
    assert torch.equal(rest["inputs"], data.inputs[3:]) and torch.equal(rest["targets"], data.targets[3:])


@pytest.mark.parametrize("where", [lambda data: data, Elsewhere], ids=["in memory", "elsewhere"])
def test_forgetting_what_was_never_there_changes_no_bit(where):
    data = clouds("ab", 0)
    rest = without(remembered(data), where(clouds("ab", 1)))
    assert torch.equal(rest["inputs"], data.inputs) and torch.equal(rest["targets"], data.targets)
    assert without({}, data) == {}


def test_nothing_is_left_of_a_memory_that_is_forgotten_altogether():
    data = clouds("ab", 0)
    assert without(remembered(data), data) == {}
    assert without({**remembered(data), "seen": torch.tensor(60)}, data).keys() == {"seen"}


def test_the_same_numbers_of_another_kind_are_another_content():
    data = images("ab", 0)
    floats = Examples(data.inputs.float(), data.targets, data.classes)
    assert len(without(remembered(data), floats)["inputs"]) == len(data)
