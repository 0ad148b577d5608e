"""Shrink and perturb starts between the parent and a fresh draw, and only there."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
import torch
from tests.conformance.scenarios import SCENARIOS
from tests.conformance.specimens import differing, life
from tests.methods.walks import (
    RATE,
    SECOND,
    SEED,
    SETTINGS,
    HalfTrained,
    assert_same_parameters,
    batches,
    begun,
    grown,
    seen_by,
)
from tests.reference.shrink_and_perturb import shrink_and_perturb

from onward.engine.update import update
from onward.errors import InputError
from onward.learner import Learner
from onward.methods.shrink_and_perturb import ShrinkAndPerturb
from onward.methods.warm_start import WarmStart
from onward.nets.classifier import Classifier
from onward.nets.zoo import again
from onward.rng import generator

UNTRAINED = replace(SETTINGS, steps=0)
NEW_ROWS = ["head.blocks.1.bias", "head.blocks.1.weight"]


def drawn(model):
    """The fresh network of the second update: from the stream that bears the method's name."""
    return again(model, generator(SEED, "shrink_and_perturb", "weights").initial_seed())


def started(method, parent, new=SECOND):
    """The model that a second update trains, before its first step."""
    return update(Learner(parent.model, method), new, UNTRAINED, SEED)[0].model


def test_the_start_is_the_mixture_exactly_and_new_rows_are_as_they_grew():
    parent = begun(ShrinkAndPerturb())
    start, model = started(ShrinkAndPerturb(shrink=0.3, noise=0.2), parent), grown(parent)
    expected = dict(model.named_parameters())
    with torch.no_grad():
        for name, fresh in drawn(model).named_parameters():
            if name not in NEW_ROWS:
                expected[name] = expected[name] * 0.3 + 0.2 * fresh
    for name, parameter in start.named_parameters():
        torch.testing.assert_close(parameter, expected[name], rtol=1e-6, atol=1e-8)
    same = set(expected) - set(differing(dict(start.named_parameters()), dict(model.named_parameters())))
    assert sorted(same) == NEW_ROWS


def test_at_either_end_it_is_the_warm_start_or_the_fresh_draw():
    parent = begun(ShrinkAndPerturb())
    model = grown(parent)
    warm, fresh = (started(ShrinkAndPerturb(*ends), parent) for ends in ((1.0, 0.0), (0.0, 1.0)))
    assert differing(warm.state_dict(), model.state_dict()) == []
    assert sorted(differing(fresh.state_dict(), drawn(model).state_dict())) == ["head.blocks.1.weight"]


def test_a_shrunk_network_of_relu_orders_its_classes_as_before():
    """Without biases f(x) = W_2 relu(W_1 x), and so f is λ² f when both are shrunk by λ: no prediction moves."""
    parent = begun(WarmStart())
    with torch.no_grad():
        for name, parameter in parent.model.named_parameters():
            if name.endswith("bias"):
                parameter.zero_()
    inputs, old = SECOND.inputs, len(parent.classes)
    start = started(ShrinkAndPerturb(shrink=0.5, noise=0.0), parent)
    torch.testing.assert_close(start(inputs)[:, :old], 0.25 * parent.model(inputs), rtol=1e-5, atol=1e-6)


def test_batch_norm_keeps_its_statistics_and_its_scale_goes_the_way_of_all_parameters():
    parent = life(WarmStart(), "byte images, batch norm").parent
    start = started(ShrinkAndPerturb(shrink=0.5, noise=0.25), parent, SCENARIOS["byte images, batch norm"].second)
    before, after = parent.model.state_dict(), start.state_dict()
    scales = [name.replace("running_mean", "weight") for name in before if name.endswith("running_mean")]
    assert scales
    for scale in scales:
        statistics = scale.replace("weight", "running_mean")
        assert torch.equal(after[statistics], before[statistics])
        # a fresh scale is 1, so that it starts at 0.5 of the old one and 0.25 of that
        torch.testing.assert_close(after[scale], 0.5 * before[scale] + 0.25)


def test_what_an_update_does_not_train_is_not_moved():
    parent = begun(WarmStart())
    model = Classifier(HalfTrained((4,), width=8, depth=1), parent.model.head, parent.classes)
    before = copy.deepcopy(model)
    start = started(ShrinkAndPerturb(), Learner(model, WarmStart()))
    assert torch.equal(start.backbone.layers[1].weight, before.backbone.layers[1].weight)
    assert not torch.equal(start.backbone.layers[1].bias, before.backbone.layers[1].bias)


def test_each_seed_draws_other_noise_and_a_chain_of_two_draws_twice():
    parent, method = begun(WarmStart()), ShrinkAndPerturb(shrink=0.0, noise=1.0)
    one, other = (update(parent, SECOND, UNTRAINED, seed, method=method)[0] for seed in (0, 1))
    name = "backbone.layers.1.weight"
    assert name in differing(one.model.state_dict(), other.model.state_dict())
    twice, _ = update(parent, SECOND, UNTRAINED, 0, method=method | method)
    assert name in differing(one.model.state_dict(), twice.model.state_dict())


def test_a_first_update_is_the_warm_start():
    assert differing(begun(ShrinkAndPerturb()).model.state_dict(), begun(WarmStart()).model.state_dict()) == []


def test_fifty_steps_are_those_of_the_reference():
    parent = begun(ShrinkAndPerturb(shrink=0.6, noise=0.2))
    child, _ = update(parent, SECOND, SETTINGS, SEED)
    model, start = grown(parent), grown(parent)
    old, noise = dict(parent.model.named_parameters()), dict(drawn(model).named_parameters())
    shrink_and_perturb(model, old, noise, batches(seen_by(model)), 0.6, 0.2, **RATE)
    assert_same_parameters(child.model, model, start)


@pytest.mark.parametrize("values", [{"shrink": -0.1}, {"shrink": 1.1}, {"noise": -0.1}])
def test_values_outside_their_ranges_are_refused(values):
    with pytest.raises(InputError, match=f"{next(iter(values))} must be"):
        ShrinkAndPerturb(**values)
