"""Scratch throws the parent's weights away, and only those."""

from __future__ import annotations

import copy
from dataclasses import replace

import torch
from tests.conformance.specimens import bits, differing
from tests.methods.walks import RATE, SECOND, SEED, SETTINGS, assert_same_parameters, batches, begun, grown, seen_by
from tests.reference.scratch import scratch

from onward.engine.update import update
from onward.learner import Learner
from onward.methods.scratch import Scratch
from onward.methods.warm_start import WarmStart
from onward.nets.zoo import again
from onward.rng import generator


def drawn(learner):
    """The weights that the method draws for the second update: from the stream that bears its name."""
    return again(grown(learner), generator(SEED, "scratch", "weights").initial_seed())


def test_it_does_not_hang_on_the_parents_weights():
    parent = begun(Scratch())
    other = Learner(copy.deepcopy(parent.model), Scratch())
    with torch.no_grad():
        for parameter in other.model.parameters():
            parameter.neg_()
    assert differing(bits(parent), bits(other)) != []
    child, _ = update(parent, SECOND, SETTINGS, SEED)
    assert differing(bits(child), bits(update(other, SECOND, SETTINGS, SEED)[0])) == []


def test_it_is_the_warm_start_of_a_fresh_model_bit_for_bit():
    parent = begun(Scratch())
    child, _ = update(parent, SECOND, SETTINGS, SEED)
    plain, _ = update(Learner(drawn(parent), WarmStart()), SECOND, SETTINGS, SEED)
    assert differing(child.model.state_dict(), plain.model.state_dict()) == []


def test_each_seed_draws_other_weights():
    parent, untrained = begun(Scratch()), replace(SETTINGS, steps=0)
    one, other = (update(parent, SECOND, untrained, seed)[0] for seed in (0, 1))
    assert "backbone.layers.1.weight" in differing(one.model.state_dict(), other.model.state_dict())


def test_architecture_and_names_stay():
    parent = begun(Scratch())
    child, _ = update(parent, SECOND, SETTINGS, SEED)
    assert child.model.spec() == grown(parent).spec()
    assert child.classes == tuple("abcde")


def test_fifty_steps_are_those_of_the_reference():
    parent = begun(Scratch())
    child, _ = update(parent, SECOND, SETTINGS, SEED)
    model = grown(parent)
    initial = {name: parameter.detach() for name, parameter in drawn(parent).named_parameters()}
    scratch(model, initial, batches(seen_by(model)), **RATE)
    assert_same_parameters(child.model, model, drawn(parent))
