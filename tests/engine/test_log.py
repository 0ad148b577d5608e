"""The log reads every so often, and sees what is not finite."""

from __future__ import annotations

import pytest
import torch

from onward.engine.log import Log
from onward.errors import DivergedError


def test_a_reading_is_the_mean_since_the_last_one():
    log = Log("train", ["a", "b"], every=50)
    assert log.read() == {}
    for value in (1.0, 2.0, 6.0):
        log.add([torch.tensor(value), torch.tensor(10 * value)])
    assert log.read() == {"a": 3.0, "b": 30.0} and log.read() == {}
    log.add([torch.tensor(5.0), torch.tensor(0.0)])
    assert log.read() == {"a": 5.0, "b": 0.0}
    assert log.curve == {"a": [3.0, 5.0], "b": [30.0, 0.0]}


def test_reading_is_due_every_so_many_steps_whatever_the_number_of_terms():
    for terms, every in ((["a"], 50), (["a", "b", "c"], 50), (["a", "b"], 1)):
        log, due = Log("train", terms, every), []
        for _ in range(every):
            due.append(log.due)
            log.add([torch.tensor(0.0)] * len(terms))
        assert not any(due) and log.due


def test_what_is_not_finite_is_named_with_its_step():
    log = Log("connect", ["a", "b"], every=50)
    for value in (0.0, 1.0):
        log.add([torch.tensor(value), torch.tensor(value)])
    log.read()
    log.add([torch.tensor(1.0), torch.tensor(2.0)])
    log.add([torch.tensor(1.0), torch.tensor(torch.inf)])
    log.add([torch.tensor(torch.nan), torch.tensor(torch.inf)])
    with pytest.raises(DivergedError, match=r"'b' became inf in phase 'connect' at step 3\. Lower lr"):
        log.read()


def test_values_of_any_type_are_read_without_their_graph():
    log = Log("train", ["a"], every=50)
    value = torch.ones((), requires_grad=True, dtype=torch.float64) * 2
    log.add([value])
    log.add([torch.tensor(4.0, dtype=torch.bfloat16)])
    assert log.read() == {"a": 3.0}
