"""The diagonal Fisher: known for a softmax regression, and exact in the label for any network."""

from __future__ import annotations

import pytest
import torch
from tests.reference.ewc import fisher_information
from torch.func import functional_call

from onward.formulas import per_example
from onward.formulas.fisher import diagonal_fisher
from onward.nets.classifier import Classifier
from onward.nets.head import Head
from onward.nets.mlp import MLP
from onward.rng import generator, isolated

X = torch.randn(24, 3, generator=generator(0, "x"), dtype=torch.float64)


def linear(theta, x):
    return x @ theta["weight"].T + theta["bias"]


def regression(c=4, scale=1.0):
    draws = generator(0, "theta")
    return {
        "weight": scale * torch.randn(c, 3, generator=draws, dtype=torch.float64),
        "bias": scale * torch.randn(c, generator=draws, dtype=torch.float64),
    }


def network():
    with isolated(0):
        return Classifier(MLP((3,), width=5, depth=2), Head(5, [3, 1]), tuple("abcd")).double().eval()


def of_network(model, batches):
    return diagonal_fisher(
        lambda theta, x: functional_call(model, dict(theta), (x,)), dict(model.named_parameters()), batches
    )


def test_of_a_softmax_regression_it_is_known():
    """d log p(y) / d W_kj = (1[y=k] - p_k) x_j; its square's mean over y ~ p is p_k (1 - p_k) x_j^2."""
    theta = regression()
    p = linear(theta, X).softmax(dim=1)
    found = diagonal_fisher(linear, theta, [X])
    torch.testing.assert_close(found["weight"], torch.einsum("nk,nj->kj", p * (1 - p), X.square()) / len(X))
    torch.testing.assert_close(found["bias"], (p * (1 - p)).mean(dim=0))


@pytest.mark.parametrize("size", [1, 5, 23, 24])
def test_fisher_does_not_depend_on_batch_size(size):
    model = network()
    whole, parted = of_network(model, [X]), of_network(model, X.split(size))
    for name, value in whole.items():
        torch.testing.assert_close(parted[name], value)


def test_fisher_does_not_depend_on_how_much_is_held_at_once(monkeypatch):
    model = network()
    whole = of_network(model, [X])
    monkeypatch.setattr(per_example, "CHUNK_NUMBERS", 100)  # of 63 numbers an example: one at a time
    for name, value in of_network(model, [X]).items():
        torch.testing.assert_close(value, whole[name])


def test_of_a_network_it_is_what_one_example_and_one_label_at_a_time_give():
    model = network()
    slow = fisher_information(model, X)
    assert slow.keys() == dict(model.named_parameters()).keys()
    for name, value in of_network(model, [X]).items():
        torch.testing.assert_close(value, slow[name])
        assert value.shape == model.get_parameter(name).shape
        assert bool((value >= 0).all())


def test_it_is_the_curvature_of_a_softmax_regression():
    """In a model that is linear in its parameters the Fisher is the Hessian of the mean loss, whatever the labels."""
    theta = regression()
    labels = torch.arange(len(X)) % 4

    def loss(weight):
        return torch.nn.functional.cross_entropy(linear({**theta, "weight": weight}, X), labels)

    hessian = torch.autograd.functional.hessian(loss, theta["weight"]).reshape(12, 12)
    torch.testing.assert_close(diagonal_fisher(linear, theta, [X])["weight"].flatten(), hessian.diagonal())


def test_of_a_model_without_doubt_it_is_nothing():
    """Certain answers have p (1 - p) = 0, right or wrong: no label is asked for."""
    found = diagonal_fisher(linear, regression(scale=1e6), [X])
    assert max(value.abs().max() for value in found.values()) < 1e-6


def test_parameters_are_left_without_gradients_and_as_they_were():
    model = network()
    before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    found = of_network(model, [X])
    for name, parameter in model.named_parameters():
        assert torch.equal(parameter, before[name])
        assert parameter.grad is None
        assert not found[name].requires_grad
