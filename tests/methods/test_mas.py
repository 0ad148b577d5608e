"""MAS holds what the answers hang on: no label is read, and the pull is twice the strength times the importance."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from tests.methods.walks import (
    FIRST,
    RATE,
    SECOND,
    SEED,
    SETTINGS,
    assert_same_parameters,
    batches,
    begun,
    context,
    grown,
    regression,
    seen_by,
)
from tests.reference.ewc import consolidated
from tests.reference.mas import importance_weights, mas

from onward.engine.update import update
from onward.errors import DivergedError, InputError
from onward.methods.mas import MAS
from onward.phase import Phase
from onward.rng import generator
from onward.step import Step
from onward.types import Batch, Examples, subset

NAME = "head.blocks.0.weight"
SOME = Examples(torch.randn(9, 2, generator=generator(0, "x")), torch.arange(9) % 2, ("0", "1"))


def gradient_of_the_penalty(method, moved, importance, **settings):
    model = regression(2, 2, bias=False)
    weight = model.head.blocks[0].weight
    kept = {f"importance/{NAME}": importance, f"anchor/{NAME}": weight.detach() - moved}
    proposed = Phase("train", SOME, replace(SETTINGS, **settings))
    (phase,) = method.plan([proposed], model, context(SOME, kept=kept))
    value = phase.terms["mas"](Step(model, Batch(SOME.inputs, SOME.targets), torch.Generator()))
    return value, *torch.autograd.grad(value, [weight])


def test_the_penalty_by_hand():
    """Weights moved by (1, 2, 3, 0) under importances (1, 2, 0, 5), strength 3: 3 (1*1 + 2*4 + 0*9 + 5*0) = 27."""
    moved, importance = torch.tensor([[1.0, 2.0], [3.0, 0.0]]), torch.tensor([[1.0, 2.0], [0.0, 5.0]])
    value, gradient = gradient_of_the_penalty(MAS(strength=3.0), moved, importance)
    assert value.item() == pytest.approx(27)
    torch.testing.assert_close(gradient, 6 * importance * moved)


@pytest.mark.parametrize(("optimiser", "stable"), [("sgd", True), ("sgd", False), ("adamw", True), ("adamw", False)])
def test_under_sgd_no_parameter_is_held_harder_than_a_step_can_undo(optimiser, stable):
    """The pull on a parameter that moved by 1 is 2 lambda Omega, but at most 1 / lr = 10; two of these are above it."""
    importance = torch.tensor([[0.5, 1.0], [3.0, 200.0]])
    method = MAS(strength=2.5, stable=stable)
    _, gradient = gradient_of_the_penalty(method, torch.ones(2, 2), importance, lr=0.1, optimiser=optimiser)
    capped = torch.tensor([[2.5, 5.0], [10.0, 10.0]])
    torch.testing.assert_close(gradient, capped if (optimiser, stable) == ("sgd", True) else 5 * importance)


def test_a_strength_that_would_diverge_is_held_and_unheld_it_is_refused():
    parent = begun(MAS())
    child, _ = update(parent, SECOND, SETTINGS, SEED, method=MAS(strength=1e9))
    there = dict(parent.model.named_parameters())
    far = [(p - there[name]).detach().abs().max() for name, p in child.model.named_parameters() if name in there]
    assert max(far) < 1
    with pytest.raises(DivergedError, match="parent is unchanged"):
        update(parent, SECOND, SETTINGS, SEED, method=MAS(strength=1e9, stable=False))


def test_the_importance_kept_of_a_linear_map_is_known():
    """f = W x + b: of ||f||^2 the slope by W_kj is 2 f_k x_j, by b_k 2 f_k."""
    model = regression(3, 4)
    x = torch.randn(50, 3, generator=generator(0, "x"))
    kept = MAS().keep(model, context(Examples(x, torch.arange(50) % 4, model.classes)))
    f = model(x).detach().abs()
    torch.testing.assert_close(kept[f"importance/{NAME}"], 2 * f.T @ x.abs() / 50)
    torch.testing.assert_close(kept["importance/head.blocks.0.bias"], 2 * f.mean(dim=0))
    assert torch.equal(kept[f"anchor/{NAME}"], model.head.blocks[0].weight.detach())


def test_no_label_goes_into_the_importance():
    model = regression(2, 2)
    one, other = (MAS().keep(model, context(replace(SOME, targets=SOME.targets * k))) for k in (0, 1))
    assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("decay", [0.0, 0.3, 1.0])
def test_importances_are_summed_and_what_is_past_decays(decay):
    model = regression(2, 2)
    once = MAS(decay=decay).keep(model, context(SOME))
    twice = MAS(decay=decay).keep(model, context(SOME, kept=once))
    for name in once:
        factor = 1 + decay if name.startswith("importance/") else 1
        torch.testing.assert_close(twice[name], factor * once[name])


def test_over_some_examples_it_is_the_importance_of_as_many_drawn_ones():
    """With one example of nine, it is that of one of the nine; and another seed draws another."""
    model, key = regression(2, 2), f"importance/{NAME}"
    single = [MAS().keep(model, context(subset(SOME, torch.tensor([row]))))[key] for row in range(9)]
    drawn = set()
    for seed in range(20):
        kept = MAS(examples=1).keep(model, context(SOME, seed=seed))
        drawn |= {k for k, one in enumerate(single) if torch.allclose(one, kept[key])}
    assert len(drawn) > 4


def test_fifty_steps_are_those_of_the_reference():
    method = MAS(strength=0.05, decay=0.5)
    parent = begun(method)
    child, record = update(parent, SECOND, SETTINGS, SEED)
    model = grown(parent)
    importance = importance_weights(parent.model, FIRST.inputs)
    anchor = {name: parameter.detach().clone() for name, parameter in parent.model.named_parameters()}
    mas(model, importance, anchor, batches(seen_by(model)), 0.05, **RATE)
    assert record.cost.steps == 50
    assert_same_parameters(child.model, model, grown(parent))
    after = consolidated(importance, importance_weights(model, SECOND.inputs), decay=0.5)
    for name, value in after.items():
        torch.testing.assert_close(child.kept[f"mas/importance/{name}"], value, rtol=1e-2, atol=1e-3)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"strength": -1.0}, "strength must be >= 0, got -1.0"),
        ({"decay": 1.5}, r"decay must be in \[0, 1\], got 1.5"),
        ({"examples": 0}, "examples must be >= 1 or left out, got 0"),
    ],
)
def test_values_out_of_range_are_refused(fields, told):
    with pytest.raises(InputError, match=told):
        MAS(**fields)
