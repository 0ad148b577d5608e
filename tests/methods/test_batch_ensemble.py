"""A batch ensemble: members that share their weights but for a factor of rank one in each layer."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from tests.methods.walks import FIRST, RATE, SECOND, SEED, SETTINGS, batches, begun, grown, seen_by
from tests.reference.batch_ensemble import batch_ensemble, said

from onward.engine.update import update
from onward.errors import InputError
from onward.learner import Learner
from onward.method import Chain
from onward.methods.batch_ensemble import BatchEnsemble
from onward.methods.vanilla_ensemble import VanillaEnsemble
from onward.nets.fast_weights import FastLayer
from onward.nets.zoo import fresh

METHOD = BatchEnsemble(members=3)


def taken_apart(model):
    """The hidden layers and the head of a model as leaves of their own."""
    layers = [
        tuple(
            each.detach().clone().requires_grad_()
            for each in (layer.shared.weight, layer.shared.bias, layer.ins, layer.outs)
        )
        for layer in model.modules()
        if isinstance(layer, FastLayer)
    ]
    bias = torch.cat([block.bias for block in model.head.blocks])
    return layers, tuple(each.detach().clone().requires_grad_() for each in (model.head.weight, bias))


def test_fifty_steps_are_those_of_members_written_out():
    parent = begun(METHOD)
    child, record = update(parent, SECOND, SETTINGS, SEED)
    model = grown(parent)
    layers, head = taken_apart(model)
    batch_ensemble(layers, head, 3, batches(seen_by(model)), **RATE)
    assert record.cost.steps == 50
    ours, our_head = taken_apart(child.model)
    for one, other in zip([*ours, our_head], [*layers, head], strict=True):
        for tensor, expected in zip(one, other, strict=True):
            torch.testing.assert_close(tensor, expected, rtol=1e-3, atol=1e-5)


def test_the_model_says_the_mean_of_its_members():
    learner = begun(METHOD)
    layers, head = taken_apart(learner.model)
    inputs = FIRST.inputs[:7]
    mean = torch.stack([said(layers, head, inputs, member) for member in range(3)]).mean(0)
    torch.testing.assert_close(learner.predict(inputs).logits, mean.detach(), rtol=1e-4, atol=1e-5)


def test_with_factors_of_one_a_parent_s_answers_stay():
    parent = begun(Chain())
    start, _ = update(parent, FIRST, replace(SETTINGS, steps=0), SEED, method=replace(METHOD, spread=0.0))
    inputs = FIRST.inputs[:7]
    torch.testing.assert_close(start.predict(inputs).logits, parent.predict(inputs).logits)


def test_another_number_of_members_is_refused_and_so_is_another_ensemble():
    parent = begun(METHOD)
    with pytest.raises(InputError, match="is a batch ensemble of 3 members, and batch_ensemble asks for 2; set mem"):
        update(parent, SECOND, SETTINGS, method=replace(METHOD, members=2))
    with pytest.raises(InputError, match=r"a lineage has one\. Leave the other out"):
        update(parent, SECOND, SETTINGS, method=VanillaEnsemble())


def test_a_network_without_layers_is_refused_with_a_way_out():
    with pytest.raises(InputError, match="this network has none; take vanilla_ensemble"):
        update(Learner(fresh("identity", (4,), seed=0), METHOD), FIRST, SETTINGS)


@pytest.mark.parametrize("values", [{"members": 0}, {"spread": -1.0}])
def test_values_outside_their_ranges_are_refused(values):
    with pytest.raises(InputError, match=f"{next(iter(values))} must be"):
        BatchEnsemble(**values)
