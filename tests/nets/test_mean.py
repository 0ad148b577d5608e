"""The mean of several networks, tensor by tensor."""

from __future__ import annotations

import copy

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from onward.nets.classifier import Classifier
from onward.nets.head import Head
from onward.nets.mean import mean_of, mean_of_models
from onward.nets.zoo import fresh
from onward.rng import generator


def network(seed: int, *growths: str) -> Classifier:
    """A network with batch norm whose every number depends on the seed; it grew by each of ``growths``."""
    model = fresh("cnn", (1, 4, 4), seed, width=1)
    for names in growths:
        model.grow(names.split(), seed)
    draws = generator(seed, "numbers")
    with torch.no_grad():
        for tensor in model.state_dict().values():
            if tensor.is_floating_point():
                tensor.copy_(torch.rand(tensor.shape, generator=draws) + 0.1)
            else:
                tensor.fill_(seed)
    return model.eval()


def same(one: nn.Module, other: nn.Module) -> bool:
    here, there = one.state_dict(), other.state_dict()
    return here.keys() == there.keys() and all(torch.equal(here[name], there[name]) for name in here)


def rows(model: Classifier) -> torch.Tensor:
    return model.head.weight.detach()


def test_each_number_is_the_weighted_mean_and_nothing_that_was_given_changes():
    models = [network(seed, "a b") for seed in (1, 2, 3)]
    before = [copy.deepcopy(model) for model in models]
    made = mean_of_models(models[0], models, (0.5, 0.2, 0.3)).state_dict()
    for name, tensor in made.items():
        one, two, three = (model.state_dict()[name] for model in models)
        if tensor.is_floating_point():
            torch.testing.assert_close(tensor, 0.5 * one + 0.2 * two + 0.3 * three)
        else:
            assert torch.equal(tensor, one), "a count of batches is no number to average: the heaviest has it"
    assert all(map(same, models, before))


@pytest.mark.parametrize("place", [0, 1])
def test_what_alone_has_a_weight_is_the_mean_to_the_bit(place):
    models = [network(seed, "a b", "c") for seed in (1, 2)]
    made = mean_of_models(models[0], models, (1.0 - place, float(place)))
    assert same(made, models[place])


@given(st.lists(st.floats(0.01, 1), min_size=1, max_size=6))
def test_the_mean_of_equals_is_that_to_the_bit(weights):
    tensor = torch.randn(50, generator=generator(0, "equals"))
    assert torch.equal(mean_of([tensor] * len(weights), weights), tensor)
    assert torch.equal(mean_of([tensor.bfloat16()] * len(weights), weights), tensor.bfloat16())


@given(st.lists(st.floats(0.01, 1), min_size=2, max_size=5), st.floats(0.5, 20))
def test_only_the_ratios_of_the_weights_count(weights, scale):
    tensors = [torch.randn(9, generator=generator(k, "t"), dtype=torch.float64) for k in range(len(weights))]
    torch.testing.assert_close(mean_of(tensors, weights), mean_of(tensors, [scale * each for each in weights]))


def test_a_class_that_one_does_not_know_has_a_row_of_zeros_there():
    parent, child = network(1, "a b"), network(2, "a b", "c d")
    made = mean_of_models(child, [parent, child], (0.75, 0.25))
    assert made.classes == ("a", "b", "c", "d") and made.head.sizes == (2, 2)
    torch.testing.assert_close(rows(made)[2:], 0.25 * rows(child)[2:])
    torch.testing.assert_close(rows(made)[:2], 0.75 * rows(parent) + 0.25 * rows(child)[:2])


def test_at_the_parent_s_end_old_logits_are_the_parent_s_to_the_bit_and_new_ones_zero():
    parent, child = network(1, "a b"), network(2, "a b", "c d")
    inputs = torch.randn(5, 1, 4, 4, generator=generator(0, "x"))
    said = mean_of_models(child, [parent, child], (1.0, 0.0))(inputs)
    assert torch.equal(said[:, :2], parent(inputs)) and torch.equal(said[:, 2:], torch.zeros(5, 2))


def test_rows_are_met_by_class_however_the_heads_grew():
    """A child trained from scratch has all rows in one block, its parent in two."""
    parent, child = network(1, "a b", "c"), network(2, "a b c")
    made = mean_of_models(child, [parent, child], (0.5, 0.5))
    assert made.head.sizes == (3,)
    torch.testing.assert_close(rows(made), (rows(parent) + rows(child)) / 2)


def test_a_head_without_biases_stays_one():
    models = [Classifier(network(1).backbone, Head(2, [2], bias=False), "ab") for _ in range(2)]
    made = mean_of_models(models[0], models, (0.5, 0.5))
    assert made.head.linears[0].bias is None
    torch.testing.assert_close(rows(made), (rows(models[0]) + rows(models[1])) / 2)


def test_the_mean_can_be_trained_and_is_in_memory_of_its_own():
    models = [network(seed, "a b") for seed in (1, 2)]
    made = mean_of_models(models[0], models, (1.0, 0.0))
    assert all(parameter.requires_grad and parameter.is_leaf for parameter in made.parameters())
    with torch.no_grad():
        next(made.parameters()).add_(1)
    assert not same(made, models[0]) and same(models[0], network(1, "a b"))
