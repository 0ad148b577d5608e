"""The operations of a pass are what one counts by hand."""

from __future__ import annotations

import torch
from tests.engine.problems import images, learner, seeing, vectors

from onward.engine.flops import flops_per_example
from onward.engine.update import update
from onward.phase import in_head
from onward.settings import Settings


def test_a_perceptron_costs_two_operations_for_each_weight_forward():
    model = learner("abc").model
    layers = [2 * 8, 8 * 8, 8 * 3]
    # Backward, each layer is one product for its weights and one for its inputs, but the first has no inputs to
    # pass a gradient to.
    forward, backward = flops_per_example(model, vectors())
    assert forward == 2 * sum(layers)
    assert backward == 2 * sum(layers) + 2 * sum(layers[1:])


def test_a_convolution_costs_two_operations_for_each_weight_and_place():
    forward, _ = flops_per_example(seeing("ab").model, images())
    # 3x3 filters 1 -> 2 and 2 -> 4 on 8x8, 4 -> 8 on 4x4 after pooling; then 32 features to 2 classes.
    assert forward == 2 * (9 * 2 * 64 + 9 * 8 * 64 + 9 * 32 * 16 + 32 * 2)


def test_the_backward_pass_goes_no_further_than_to_what_moves():
    whole, head = (flops_per_example(learner("abc").model, vectors(), *trains) for trains in ((), (in_head,)))
    assert head == (whole[0], 2 * 8 * 3), "of the head's products alone, the one for its weights"


def test_a_bill_counts_each_phase_by_what_it_moves():
    begun, data = learner("abc"), vectors()
    forward, backward = flops_per_example(begun.model, data)
    for trains, each in (("all", backward), ("head", 2 * 8 * 3)):
        cost = update(begun, data, Settings(epochs=2, trains=trains))[1].cost
        assert cost.samples == 2 * len(data)
        assert (cost.forward_flops, cost.backward_flops) == (forward * cost.samples, each * cost.samples)


def test_counting_changes_nothing():
    model = seeing().model.train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    flops_per_example(model, images())
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert all(module.training for module in model.modules())
    assert all(parameter.grad is None for parameter in model.parameters())
