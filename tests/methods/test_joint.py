"""Joint training is training on the concatenation."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
import torch
from tests.conformance.scenarios import clouds
from tests.conformance.specimens import bits, differing
from tests.methods.walks import (
    FIRST,
    RATE,
    SECOND,
    SEED,
    SETTINGS,
    assert_same_parameters,
    begun,
    grown,
    orders,
    seen_by,
)
from tests.reference.joint import joint

from onward.engine.update import update
from onward.errors import InputError
from onward.learner import Learner
from onward.methods.joint import Joint
from onward.methods.warm_start import WarmStart
from onward.nets.zoo import again
from onward.phase import Phase
from onward.rng import generator
from onward.types import aligned, joined

NAMES = tuple("abcde")
EVERYTHING = joined(aligned(FIRST, NAMES), aligned(SECOND, NAMES))


def test_from_the_parent_it_is_the_warm_start_on_all_data_bit_for_bit():
    parent = begun(Joint(start="parent"))
    child, _ = update(parent, SECOND, SETTINGS, SEED)
    plain, _ = update(parent, EVERYTHING, SETTINGS, SEED, method=WarmStart())
    assert differing(child.model.state_dict(), plain.model.state_dict()) == []


def test_afresh_it_is_the_warm_start_of_a_fresh_model_on_all_data_bit_for_bit():
    parent = begun(Joint())
    child, _ = update(parent, SECOND, SETTINGS, SEED)
    drawn = again(grown(parent), generator(SEED, "joint", "weights").initial_seed())
    plain, _ = update(Learner(drawn, WarmStart()), EVERYTHING, SETTINGS, SEED)
    assert differing(child.model.state_dict(), plain.model.state_dict()) == []


def test_afresh_it_does_not_hang_on_the_parents_weights():
    parent = begun(Joint())
    other = Learner(copy.deepcopy(parent.model), Joint(), parent.kept)
    with torch.no_grad():
        for parameter in other.model.parameters():
            parameter.neg_()
    child, _ = update(parent, SECOND, SETTINGS, SEED)
    assert differing(bits(child), bits(update(other, SECOND, SETTINGS, SEED)[0])) == []


def test_it_keeps_every_example_in_the_order_of_arrival():
    learner, third = begun(Joint()), clouds("fa", 5)
    for data in (SECOND, third):
        learner, record = update(learner, data, replace(SETTINGS, epochs=1), SEED)
    inputs = torch.cat([FIRST.inputs, SECOND.inputs, third.inputs])
    names = [data.classes[k] for data in (FIRST, SECOND, third) for k in data.targets.tolist()]
    assert torch.equal(learner.kept["joint/inputs"], inputs)
    assert [learner.classes[k] for k in learner.kept["joint/targets"].tolist()] == names
    assert record.phases[0].examples == record.cost.samples == len(inputs)


def test_fifty_steps_are_those_of_the_reference():
    """Ten epochs would be more than fifty, so the steps are cut off."""
    parent, settings = begun(Joint(start="parent")), replace(SETTINGS, steps=50)
    child, record = update(parent, SECOND, settings, SEED)
    model = grown(parent)
    rows = [rows for (rows,) in orders(Phase("train", EVERYTHING, settings))][:50]
    experiences = [(data.inputs, data.targets) for data in (seen_by(model, FIRST), seen_by(model))]
    joint(model, experiences, rows, **RATE)
    assert record.cost.steps == 50
    assert_same_parameters(child.model, model, grown(parent))


def test_an_unknown_start_is_refused():
    with pytest.raises(InputError, match="start must be fresh or parent, got 'warm'"):
        Joint(start="warm")
