"""How answers hang on parameters: known for one linear unit, and one example at a time for any network."""

from __future__ import annotations

import pytest
import torch
from tests.reference.mas import importance_weights
from torch.func import functional_call

from onward.formulas import per_example
from onward.formulas.sensitivity import mean_absolute_slope
from onward.nets.classifier import Classifier
from onward.nets.head import Head
from onward.nets.mlp import MLP
from onward.rng import generator, isolated

X = torch.randn(24, 3, generator=generator(0, "x"), dtype=torch.float64)


def linear(theta, x):
    return x @ theta["weight"].T


def network():
    with isolated(0):
        return Classifier(MLP((3,), width=5, depth=2), Head(5, [3, 1]), tuple("abcd")).double().eval()


def of_network(model, batches):
    return mean_absolute_slope(
        lambda theta, x: functional_call(model, dict(theta), (x,)), dict(model.named_parameters()), batches
    )


def test_of_a_linear_map_it_is_known():
    """f = W x, so d ||f||^2 / d W_kj = 2 f_k x_j, and the mean of its absolute value is 2 E|f_k||x_j|."""
    weight = torch.randn(4, 3, generator=generator(0, "theta"), dtype=torch.float64)
    found = mean_absolute_slope(linear, {"weight": weight}, [X])["weight"]
    torch.testing.assert_close(found, 2 * torch.einsum("nk,nj->kj", (X @ weight.T).abs(), X.abs()) / len(X))


def test_examples_that_pull_apart_do_not_cancel():
    """f = w x with w = (1, -1): d f^2 / d w = 2 f x, of the mean over both examples (1, -1), of absolute values 3."""
    theta = {"weight": torch.tensor([[1.0, -1.0]])}
    there = torch.tensor([[2.0, 1.0], [1.0, 2.0]])  # f = 1 and -1: slopes (4, 2) and (-2, -4); their mean is (1, -1)
    torch.testing.assert_close(mean_absolute_slope(linear, theta, [there])["weight"], torch.tensor([[3.0, 3.0]]))


@pytest.mark.parametrize("size", [1, 5, 24])
def test_of_a_network_it_is_what_one_example_at_a_time_gives_whatever_the_batch(size):
    model = network()
    slow = importance_weights(model, X)
    found = of_network(model, X.split(size))
    assert found.keys() == slow.keys()
    for name, value in found.items():
        torch.testing.assert_close(value, slow[name])
        assert not value.requires_grad


def test_it_does_not_depend_on_how_much_is_held_at_once(monkeypatch):
    model = network()
    whole = of_network(model, [X])
    monkeypatch.setattr(per_example, "CHUNK_NUMBERS", 100)  # of 63 numbers an example: one at a time
    for name, value in of_network(model, [X]).items():
        torch.testing.assert_close(value, whole[name])


def test_of_no_example_it_is_nothing():
    assert all(not value.any() for value in of_network(network(), []).values())
