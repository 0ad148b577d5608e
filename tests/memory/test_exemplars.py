"""Kept examples come back as they were, in the form they came in."""

from __future__ import annotations

import pytest
import torch
from tests.conformance.scenarios import Elsewhere, clouds, images

from onward.memory.exemplars import recalled, remembered
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
