"""What goes into layers: each layer's answer is its matrix times those rows."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from onward.nets.layer_inputs import PLACES, matrix, mean_grams, multiplying, put, rows_into, width
from onward.nets.zoo import fresh
from onward.rng import generator

LAYERS = {
    "linear": (nn.Linear(3, 4), (2, 3)),
    "without a bias": (nn.Linear(3, 4, bias=False), (2, 3)),
    "words": (nn.Linear(3, 4), (2, 5, 3)),
    "patches": (nn.Conv2d(3, 4, 3, padding=1), (2, 3, 6, 6)),
    "strides": (nn.Conv2d(3, 4, (2, 3), stride=2, dilation=(1, 2), bias=False), (2, 3, 7, 8)),
    "many places": (nn.Conv2d(1, 2, 1), (2, 1, 10, 10)),
}
each_layer = pytest.mark.parametrize(("layer", "shape"), LAYERS.values(), ids=LAYERS)


def drawn(*shape):
    """Normal numbers."""
    return torch.randn(shape, generator=generator(0, "inputs"))


@each_layer
def test_a_layer_answers_with_its_matrix_times_its_rows(layer, shape):
    inputs = drawn(*shape)
    rows, said = rows_into(layer, inputs), layer(inputs)
    places = said.flatten(2).transpose(1, 2) if said.ndim == 4 else said.view(2, -1, said.shape[-1])
    seen = places[:, :: math.ceil(places.shape[1] / PLACES)].flatten(0, 1)
    assert rows.shape == (len(seen), width(layer))
    assert len(seen) <= 2 * PLACES
    torch.testing.assert_close(rows @ matrix(layer).T, seen, rtol=1e-4, atol=1e-5)


@each_layer
def test_what_is_put_is_what_is_read(layer, shape):
    rows = drawn(*matrix(layer).shape)
    put(layer, rows)
    assert torch.equal(matrix(layer), rows)


def test_convolutions_in_groups_and_of_other_padding_are_not_among_them():
    net = nn.Sequential(
        nn.Conv2d(4, 4, 3, groups=2), nn.Conv2d(4, 4, 3, padding_mode="reflect", padding=1),
        nn.Conv2d(4, 4, 3, padding="same"), nn.Conv2d(4, 4, 3), nn.Conv1d(4, 4, 1), nn.Linear(4, 4),
    )  # fmt: skip
    assert [name for name, _ in multiplying(net)] == ["3", "5"]


def test_grams_are_means_over_all_batches_and_of_wide_layers_the_diagonals():
    model = fresh("mlp", (3,), 0, width=4)
    model.grow(["a", "b"], 0)
    model.train()
    inputs = drawn(10, 3)
    grams = mean_grams(model, inputs.split(4), widest=4)
    assert model.training and list(grams) == [name for name, _ in multiplying(model)]
    rows = torch.cat([inputs, torch.ones(10, 1)], dim=1)
    torch.testing.assert_close(grams["backbone.layers.1"], rows.T @ rows / 10)
    features = torch.cat([model.eval().features(inputs), torch.ones(10, 1)], dim=1)
    torch.testing.assert_close(grams["head.blocks.0"], features.square().mean(dim=0).detach())
    model(inputs)
    torch.testing.assert_close(grams["backbone.layers.1"], rows.T @ rows / 10)  # no hook stays behind
