"""Versions averaged: weights exactly between them, and batch norm's statistics those of the data."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from onward.datasets.source import read
from onward.engine.evaluate import judge
from onward.engine.update import update
from onward.learner import Learner
from onward.nets.averaging import average, batches, mean_of, mean_of_models, renormalise
from onward.nets.backbone import Backbone
from onward.nets.classifier import Classifier
from onward.nets.head import Head
from onward.nets.zoo import fresh
from onward.phase import everything
from onward.rng import generator
from onward.settings import Settings
from onward.types import Batch, Examples, subset

FLOATS = 3 + 2 * torch.randn(12, 3, generator=generator(0, "floats"))
BYTES = torch.randint(0, 256, (12, 3, 4, 4), generator=generator(0, "bytes"), dtype=torch.uint8)


class Layers(Backbone):
    """Layers one after another; those in a place that begins with one of ``held`` are not trained."""

    def __init__(self, *layers: nn.Module, held: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.layers, self.held = nn.Sequential(*layers), held

    def trains(self, name):
        return not name.startswith(self.held)

    def forward(self, inputs):
        return self.layers(inputs).flatten(1)


class Elsewhere:
    """Examples that do not lie in memory: they come when they are asked for, and ``asked`` tells which were."""

    def __init__(self, inputs: torch.Tensor) -> None:
        self.inputs, self.classes = inputs, ("a",)
        self.targets = torch.zeros(len(inputs), dtype=torch.int64)
        self.asked: list[torch.Tensor] = []

    def __len__(self):
        return len(self.inputs)

    def take(self, rows):
        self.asked.append(rows)
        return Batch(self.inputs[rows], self.targets[rows])


def network(*layers: nn.Module, held: tuple[str, ...] = ()) -> Classifier:
    return Classifier(Layers(*layers, held=held), Head(1)).eval()


def examples(inputs: torch.Tensor) -> Examples:
    return Examples(inputs, torch.zeros(len(inputs), dtype=torch.int64), ("a",))


def draws(seed: int = 0) -> torch.Generator:
    return generator(seed, "draws")


def state(model: nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def differing(before: dict[str, torch.Tensor], now: dict[str, torch.Tensor]) -> set[str]:
    return {name for name in now if not torch.equal(before[name], now[name])}


def assert_statistics_of(norm: nn.Module, mean: torch.Tensor, variance: torch.Tensor) -> None:
    torch.testing.assert_close(norm.running_mean, mean)
    torch.testing.assert_close(norm.running_var, variance)


def two_versions() -> tuple[Classifier, Classifier]:
    """The same network with other weights and other running statistics."""
    pair = [fresh("cnn", (3, 4, 4), seed, width=1) for seed in (0, 1)]
    for fill, model in enumerate(pair):
        model.grow("ab", seed=fill)
        for norm in model.modules():
            if isinstance(norm, nn.BatchNorm2d):
                norm.running_mean.fill_(fill)
                nn.init.normal_(norm.weight, generator=draws(fill))
    return pair[0], pair[1]


@pytest.mark.parametrize("share", [0.25, 0.5, 0.9])
def test_each_parameter_is_so_far_on_the_way_to_the_other_s_and_buffers_stay(share):
    model, other = two_versions()
    before, there = state(model), state(other)
    average(model, other, share)
    parameters = dict(model.named_parameters())
    for name, parameter in parameters.items():
        torch.testing.assert_close(parameter.detach(), (1 - share) * before[name] + share * there[name])
        assert parameter.is_leaf and parameter.requires_grad
    assert differing(before, state(model)) <= parameters.keys() and differing(there, state(other)) == set()


def test_at_either_end_it_is_the_model_or_the_other_to_the_bit():
    model, other = two_versions()
    before = state(model)
    average(model, other, 0.0)
    assert differing(before, state(model)) == set()
    average(model, other, 1.0)
    buffers = {name for name, _ in model.named_buffers() if name.endswith("running_mean")}
    assert differing(state(other), state(model)) == buffers


def test_rows_that_the_other_has_not_stay_as_they_are():
    model, other = two_versions()
    model.grow("c", seed=5)
    before = state(model)
    average(model, other, 0.5)
    moved = differing(before, state(model))
    assert "head.blocks.0.weight" in moved and not any(name.startswith("head.blocks.1.") for name in moved)


def test_parameters_that_no_update_moves_stay_as_they_are():
    model, other = (network(nn.Linear(3, 2), nn.Linear(2, 1), held=("layers.0.",)) for _ in range(2))
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.add_(1)
    before = state(model)
    average(model, other, 0.5)
    assert differing(before, state(model)) == {"backbone.layers.1.weight", "backbone.layers.1.bias"}


def test_of_one_batch_the_statistics_are_those_of_what_comes_to_the_norm():
    """The variance is the one over n - 1, as torch keeps it; what the norm gives on is over n, as in training."""
    linear, first, second = nn.Linear(3, 2), nn.BatchNorm1d(2), nn.BatchNorm1d(2)
    nn.init.uniform_(first.weight, generator=draws())
    model = network(linear, first, nn.ReLU(), second)
    with torch.no_grad():
        renormalise(model, examples(FLOATS), draws(), model.trains)
        into = linear(FLOATS)
        assert_statistics_of(first, into.mean(0), into.var(0))
        out = (into - into.mean(0)) / (into.var(0, correction=0) + first.eps).sqrt() * first.weight + first.bias
        assert_statistics_of(second, out.relu().mean(0), out.relu().var(0))


def test_bytes_come_to_the_norm_as_the_network_takes_them_and_each_channel_has_its_own_statistics():
    norm = nn.BatchNorm2d(3)
    mean, std = (0.1, 0.2, 0.3), (1.0, 2.0, 4.0)
    renormalise(Classifier(Layers(norm), Head(48), mean=mean, std=std), examples(BYTES), draws(), everything)
    channels = (BYTES.float() / 255).transpose(0, 1).flatten(1)
    wide = torch.tensor(std)
    assert_statistics_of(norm, (channels.mean(1) - torch.tensor(mean)) / wide, channels.var(1) / wide.square())


def test_over_batches_of_one_size_they_are_the_plain_mean_whatever_they_were_before():
    norm = nn.BatchNorm1d(3, momentum=0.7)
    norm.running_mean.fill_(100)
    norm.num_batches_tracked.fill_(50)
    renormalise(network(norm), examples(FLOATS), draws(), everything, size=4)
    each = list(batches(examples(FLOATS), draws(), most=12, size=4))
    assert len(each) == 3
    variance = torch.stack([batch.var(0) for batch in each]).mean(0)
    assert_statistics_of(norm, FLOATS.mean(0), variance)
    assert not torch.allclose(variance, FLOATS.var(0))


def test_dropout_is_at_rest_meanwhile_and_draws_nothing():
    norm, before = nn.BatchNorm1d(3), torch.get_rng_state()
    renormalise(network(nn.Dropout(0.5), norm).train(), examples(FLOATS), draws(), everything)
    assert_statistics_of(norm, FLOATS.mean(0), FLOATS.var(0))
    assert torch.equal(torch.get_rng_state(), before)


def test_norms_that_no_update_moves_stay_and_are_at_rest():
    """At rest the first norm divides by its own deviation of 1: the second one sees the inputs, but for epsilon."""
    first, second = nn.BatchNorm1d(3, eps=0), nn.BatchNorm1d(3)
    model = network(first, second, held=("layers.0.",))
    before = state(model)
    renormalise(model, examples(FLOATS), draws(), model.trains)
    assert {name.rpartition(".")[0] for name in differing(before, state(model))} == {"backbone.layers.1"}
    assert_statistics_of(second, FLOATS.mean(0), FLOATS.var(0))


def test_norms_without_parameters_move_with_the_part_that_they_lie_in():
    """As in training: a part of which nothing is trained is at rest with all it holds."""
    part = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3, affine=False))
    free = nn.BatchNorm1d(3, affine=False)
    model = network(part, free, nn.Linear(3, 1), held=("layers.0.",))
    before = state(model)
    renormalise(model, examples(FLOATS), draws(), model.trains)
    assert {name.rpartition(".")[0] for name in differing(before, state(model))} == {"backbone.layers.1"}


@pytest.mark.parametrize(
    ("layers", "held", "n"),
    [
        ((nn.Linear(3, 1),), (), 12),
        ((nn.BatchNorm1d(3, track_running_stats=False),), (), 12),
        ((nn.BatchNorm1d(3),), ("layers.0.",), 12),
        ((nn.BatchNorm1d(3),), (), 1),
        ((nn.BatchNorm1d(3),), (), 0),
    ],
    ids=["no norm", "no running statistics", "held still", "one example", "no example"],
)
def test_where_there_is_nothing_to_take_no_example_is_read(layers, held, n):
    model, data = network(*layers, held=held), Elsewhere(FLOATS[:n])
    before = state(model)
    renormalise(model, data, draws(), model.trains)
    assert data.asked == [] and differing(before, state(model)) == set()


@pytest.mark.parametrize("momentum", [0.3, None])
def test_momentum_and_modes_are_afterwards_as_they_were(momentum):
    norms = nn.BatchNorm1d(3, momentum=momentum), nn.BatchNorm1d(3)
    model = network(*norms, nn.Dropout(0.5)).train()
    norms[1].eval()
    modes = [module.training for module in model.modules()]
    renormalise(model, examples(FLOATS), draws(), model.trains)
    assert [norm.momentum for norm in norms] == [momentum, 0.1]
    assert [module.training for module in model.modules()] == modes and len(set(modes)) == 2
    assert all(parameter.requires_grad and parameter.grad is None for parameter in model.parameters())


def test_the_same_draws_give_the_same_bits_and_others_others():
    norms = [nn.BatchNorm1d(3) for _ in range(3)]
    for norm, seed in zip(norms, (1, 1, 2), strict=True):
        renormalise(network(norm), examples(FLOATS), draws(seed), everything, most=8, size=4)
    assert torch.equal(norms[0].running_var, norms[1].running_var)
    assert not torch.equal(norms[0].running_var, norms[2].running_var)


def test_at_most_so_many_examples_are_read_and_none_twice():
    data = Elsewhere(FLOATS)
    renormalise(network(nn.BatchNorm1d(3)), data, draws(), everything, most=7, size=4)
    rows = torch.cat(data.asked).tolist()
    assert [len(asked) for asked in data.asked] == [4, 3] and len(set(rows)) == 7


def test_data_that_lies_elsewhere_is_as_good_as_in_memory():
    there, here, rows = nn.BatchNorm1d(3), nn.BatchNorm1d(3), torch.tensor([7, 1, 4, 9, 2])
    for norm, data in ((there, Elsewhere(FLOATS)), (here, examples(FLOATS))):
        renormalise(network(norm), subset(data, rows), draws(), everything, size=3)
    assert differing(here.state_dict(), there.state_dict()) == set()
    assert float(here.num_batches_tracked) == 2


@given(st.integers(2, 600), st.integers(2, 300), st.integers(3, 80))
def test_batches_hold_each_example_once_and_none_is_alone(n, most, size):
    each = list(batches(examples(torch.arange(n)), draws(), most, size))
    sizes = [len(batch) for batch in each]
    assert max(sizes) <= size and min(sizes) >= max(2, max(sizes) - 1)
    assert len(torch.cat(each).unique()) == sum(sizes) == min(n, most)
    assert len(sizes) == -(-sum(sizes) // size), "no more of them than are needed"


def test_one_example_more_than_a_batch_holds_makes_two_of_half_the_size():
    each = batches(examples(torch.arange(257)), draws(), most=4096, size=256)
    assert [len(batch) for batch in each] == [129, 128]


def test_halfway_from_digits_to_their_negatives_the_average_needs_the_statistics_of_its_own_weights():
    digits, test = read("digits:train"), read("digits:test")
    arrived = subset(digits, torch.arange(300, 600))
    negatives, test = (replace(data, inputs=255 - data.inputs) for data in (arrived, test))
    settings = Settings(epochs=2, lr=0.05, batch_size=20)
    start = Learner(fresh("cnn", (1, 8, 8), seed=0, width=4))
    parent, _ = update(start, subset(digits, torch.arange(300)), settings)
    child, _ = update(parent, negatives, settings)
    halfway = copy.deepcopy(child.model)
    average(halfway, parent.model, 0.5)
    before = judge(Learner(halfway), test).accuracy
    renormalise(halfway, negatives, draws(), everything)
    after = judge(Learner(halfway), test).accuracy
    assert after > before + 0.2
    assert after > judge(child, test).accuracy > judge(parent, test).accuracy


def numbered(seed: int, *growths: str) -> Classifier:
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
    models = [numbered(seed, "a b") for seed in (1, 2, 3)]
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
    models = [numbered(seed, "a b", "c") for seed in (1, 2)]
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
    parent, child = numbered(1, "a b"), numbered(2, "a b", "c d")
    made = mean_of_models(child, [parent, child], (0.75, 0.25))
    assert made.classes == ("a", "b", "c", "d") and made.head.sizes == (2, 2)
    torch.testing.assert_close(rows(made)[2:], 0.25 * rows(child)[2:])
    torch.testing.assert_close(rows(made)[:2], 0.75 * rows(parent) + 0.25 * rows(child)[:2])


def test_at_the_parent_s_end_old_logits_are_the_parent_s_to_the_bit_and_new_ones_zero():
    parent, child = numbered(1, "a b"), numbered(2, "a b", "c d")
    inputs = torch.randn(5, 1, 4, 4, generator=generator(0, "x"))
    said = mean_of_models(child, [parent, child], (1.0, 0.0))(inputs)
    assert torch.equal(said[:, :2], parent(inputs)) and torch.equal(said[:, 2:], torch.zeros(5, 2))


def test_rows_are_met_by_class_however_the_heads_grew():
    """A child trained from scratch has all rows in one block, its parent in two."""
    parent, child = numbered(1, "a b", "c"), numbered(2, "a b c")
    made = mean_of_models(child, [parent, child], (0.5, 0.5))
    assert made.head.sizes == (3,)
    torch.testing.assert_close(rows(made), (rows(parent) + rows(child)) / 2)


def test_a_head_without_biases_stays_one():
    models = [Classifier(numbered(1).backbone, Head(2, [2], bias=False), "ab") for _ in range(2)]
    made = mean_of_models(models[0], models, (0.5, 0.5))
    assert made.head.linears[0].bias is None
    torch.testing.assert_close(rows(made), (rows(models[0]) + rows(models[1])) / 2)


def test_the_mean_can_be_trained_and_is_in_memory_of_its_own():
    models = [numbered(seed, "a b") for seed in (1, 2)]
    made = mean_of_models(models[0], models, (1.0, 0.0))
    assert all(parameter.requires_grad and parameter.is_leaf for parameter in made.parameters())
    with torch.no_grad():
        next(made.parameters()).add_(1)
    assert not same(made, models[0]) and same(models[0], numbered(1, "a b"))
