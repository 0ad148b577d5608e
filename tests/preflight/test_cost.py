"""Projected costs, held against what updates take."""

from __future__ import annotations

import pytest
from tests.preflight.arrivals import NEW, OLD, arrived, version

from onward.catalogue import parsed
from onward.engine.flops import flops_per_example
from onward.engine.update import update
from onward.preflight.cost import price, samples
from onward.settings import Settings


@pytest.mark.parametrize("method", ["warm_start", "replay(size=90, per_batch=16)", "lwf", "joint", "sam | replay"])
@pytest.mark.parametrize("settings", [Settings(epochs=2, batch_size=50), Settings(epochs=2, batch_size=50, steps=3)])
def test_as_many_examples_as_the_update_will_take(method, settings):
    before, data, way = version(OLD, method), arrived(NEW), parsed(method)
    _, record = update(before, data, settings, method=way)
    assert samples(before, data, settings, 0, way) == record.cost.samples


def test_flops_are_those_of_the_model_that_knows_the_new_classes():
    before, data = version(OLD), arrived(NEW)
    after, _ = update(before, data, Settings(steps=0))
    found = price(before, data, Settings(), seed=0)
    forward, backward = flops_per_example(after.model, data)
    assert found.flops == forward + backward
    # A head of 10 rows of 64, and a product by them is 2 * 64 * 10 operations.
    assert found.head_flops == forward + 1280


def test_of_a_network_that_is_mostly_backbone_the_head_takes_less():
    found = price(version(), arrived(), Settings(), seed=0)
    assert 0 < found.head_flops < found.flops
    assert 0 < found.head_seconds < 1 and 0 < found.seconds < 1


def test_the_version_in_use_is_left_as_it_was():
    before = version(OLD)
    state = {name: value.clone() for name, value in before.model.state_dict().items()}
    price(before, arrived(NEW), Settings(), seed=0)
    assert before.model.classes == tuple(OLD)
    assert all(value.equal(state[name]) for name, value in before.model.state_dict().items())
