"""The largest eigenvalues of the Hessian, against the whole Hessian."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from tests.nets.test_averaging import Layers
from torch.func import functional_call

from onward.engine.curvature import Hessian, top_eigenvalues
from onward.errors import InputError
from onward.nets.classifier import Classifier
from onward.nets.head import Head
from onward.nets.zoo import fresh
from onward.rng import generator
from onward.toy import blobs
from onward.types import Examples

CENTRES = {"left": (-1.0, 0.0), "right": (1.0, 0.5), "up": (0.0, 1.5)}
DATA = blobs(CENTRES, 0, n=15, spread=0.7)


def network(names: str = "left right up", **shape: int) -> Classifier:
    model = fresh("mlp", (2,), 3, **{"width": 4, "depth": 1, **shape})
    model.grow(names.split(), 3)
    return model.double().eval()


def softmax_regression(classes: int, features: int) -> Classifier:
    head = Head(features, [classes])
    for draw, parameter in enumerate(head.parameters()):
        torch.nn.init.normal_(parameter, generator=generator(draw, "head"))
    return Classifier(Layers(), head, [f"c{k}" for k in range(classes)]).double().eval()


def whole_hessian(model: Classifier, data: Examples) -> torch.Tensor:
    """By torch's own second derivatives, all parameters in a row."""
    parameters = {name: each.detach() for name, each in model.named_parameters() if model.trains(name)}
    sizes = [each.numel() for each in parameters.values()]

    def loss(flat: torch.Tensor) -> torch.Tensor:
        pieces = zip(parameters, flat.split(sizes), strict=True)
        moved = {name: piece.view(parameters[name].shape) for name, piece in pieces}
        return F.cross_entropy(functional_call(model, moved, (data.inputs,)), data.targets)

    return torch.autograd.functional.hessian(loss, torch.cat([each.flatten() for each in parameters.values()]))


@pytest.mark.parametrize("size", [7, 512])
def test_they_are_those_of_the_whole_hessian_however_the_data_is_cut(size):
    model, k = network(depth=2), 4
    exact = torch.linalg.eigvalsh(whole_hessian(model, DATA)).flip(0)
    assert exact[0] > 0 > exact[-1], "a Hessian that bends both ways"
    found = top_eigenvalues(model, DATA, k, size=size, tolerance=1e-8)
    assert found == pytest.approx(exact[:k].tolist(), rel=1e-6)


def test_a_product_with_a_vector_is_that_of_the_whole_hessian():
    model, data = network(), DATA
    vector = torch.randn(sum(p.numel() for p in model.parameters()), generator=generator(0, "v"), dtype=torch.float64)
    expected = whole_hessian(model, data) @ vector
    torch.testing.assert_close(torch.from_numpy(Hessian(model, data, 10).matvec(vector.numpy())), expected)


def test_of_softmax_regression_they_have_a_closed_form():
    """The Hessian is the mean of (diag p − p pᵀ) ⊗ x̄ x̄ᵀ with x̄ = (x, 1), by rows of the head (Böhning 1992)."""
    model = softmax_regression(classes=3, features=4)
    inputs = torch.randn(20, 4, generator=generator(1, "x"), dtype=torch.float64)
    targets = torch.randint(3, (20,), generator=generator(2, "y"))
    with torch.no_grad():
        p = model(inputs).softmax(dim=1)
    spread = torch.diag_embed(p) - p[:, :, None] * p[:, None, :]
    long = torch.cat([inputs, torch.ones(20, 1, dtype=torch.float64)], dim=1)
    exact = torch.einsum("nij,na,nb->iajb", spread, long, long).reshape(15, 15) / 20
    found = top_eigenvalues(model, Examples(inputs, targets, model.classes), 5, tolerance=1e-8)
    assert found == pytest.approx(torch.linalg.eigvalsh(exact).flip(0)[:5].tolist(), rel=1e-6)


def test_of_two_equal_classes_and_one_input_it_is_half_the_squared_length():
    """With p = (1/2, 1/2) the first factor has eigenvalues 1/2 and 0, the second one |x̄|² = 9 + 16 + 1."""
    model = Classifier(Layers(), Head(2, [2]), ("a", "b")).eval()
    for parameter in model.parameters():
        torch.nn.init.zeros_(parameter)
    data = Examples(torch.tensor([[3.0, 4.0]]), torch.tensor([0]), ("a", "b"))
    first, second = top_eigenvalues(model, data, 2)
    assert first == pytest.approx(13.0, rel=1e-5) and second == pytest.approx(0.0, abs=1e-5)


def test_parameters_that_no_update_moves_do_not_count():
    held = Classifier(Layers(torch.nn.Linear(2, 3), held=("layers.0.",)), Head(3, [3]), tuple(CENTRES)).double().eval()
    exact = torch.linalg.eigvalsh(whole_hessian(held, DATA)).flip(0)
    assert len(exact) == 3 * 3 + 3
    assert top_eigenvalues(held, DATA, 2, tolerance=1e-8) == pytest.approx(exact[:2].tolist(), rel=1e-6)


def test_nothing_of_the_model_is_changed_and_the_same_seed_gives_the_same_bits():
    model = network().train()
    model.backbone.requires_grad_(False)
    before, flags = {k: v.clone() for k, v in model.state_dict().items()}, [p.requires_grad for p in model.parameters()]
    assert top_eigenvalues(model, DATA, 2) == top_eigenvalues(model, DATA, 2)
    assert all(torch.equal(before[name], now) for name, now in model.state_dict().items())
    assert [p.requires_grad for p in model.parameters()] == flags and False in flags
    assert model.training and all(p.grad is None for p in model.parameters())


def test_single_precision_is_good_for_three_digits():
    model = network()
    exact = top_eigenvalues(model, DATA, 3, tolerance=1e-8)
    assert top_eigenvalues(model.float(), DATA, 3) == pytest.approx(exact, rel=1e-3)


def test_where_the_loss_is_flat_they_are_zero():
    """Logits of 0 and 1e5: the softmax is a step, and no small move of a weight changes the loss."""
    model = Classifier(Layers(), Head(1, [2]), ("a", "b")).eval()
    with torch.no_grad():
        model.head.linears[0].weight.copy_(torch.tensor([[1e5], [0.0]]))
        model.head.linears[0].bias.zero_()
    data = Examples(torch.ones(4, 1), torch.zeros(4, dtype=torch.int64), ("a", "b"))
    assert top_eigenvalues(model, data, 2) == (0.0, 0.0)


def test_examples_of_unknown_classes_are_left_aside():
    model = network("left right")
    rows = (DATA.targets < 2).nonzero()[:, 0]
    known = Examples(DATA.inputs[rows], DATA.targets[rows], DATA.classes)
    assert top_eigenvalues(model, DATA, 2) == pytest.approx(top_eigenvalues(model, known, 2), rel=1e-9)


@pytest.mark.parametrize(
    ("k", "data", "said"),
    [
        (0, DATA, "27 parameters have 1 to 26 eigenvalues to ask for, got 0"),
        (27, DATA, "27 parameters have 1 to 26 eigenvalues to ask for, got 27"),
        (2, replace(DATA, classes=("x", "y", "z")), "no example of a class that the model knows; it knows left, right"),
        (2, replace(DATA, inputs=DATA.inputs[:, :1]), "the model takes (2,)"),
    ],
)
def test_what_cannot_be_asked_is_refused(k, data, said):
    with pytest.raises(InputError) as refused:
        top_eigenvalues(network(), data, k)
    assert said in str(refused.value)
