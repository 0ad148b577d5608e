"""EWC's penalty has the minimiser that algebra says, and its Fisher is the one that algebra says."""

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
)  # fmt: skip
from tests.reference.ewc import consolidated, ewc, fisher_information

from onward.engine.log import silent
from onward.engine.loop import Surroundings, run
from onward.engine.update import update
from onward.errors import DivergedError, InputError
from onward.methods.ewc import EWC
from onward.phase import Phase
from onward.rng import generator
from onward.step import Step
from onward.types import Batch, Examples, subset

NAME = "head.blocks.0.weight"
SOME = Examples(torch.randn(9, 2, generator=generator(0, "x")), torch.arange(9) % 2, ("0", "1"))


def quadratics():
    """The curvature A (its diagonal) and minimum a of the past; the curvature B and minimum b of the new."""
    root = torch.randn(4, 4, generator=generator(0, "root"))
    curvature = torch.linalg.qr(root).Q @ torch.diag(torch.tensor([0.5, 1.0, 2.0, 3.0])) @ torch.linalg.qr(root).Q.T
    past, a = torch.tensor([0.5, 1.0, 1.5, 2.0]), torch.tensor([1.0, -1.0, 2.0, 0.0])
    return past, a, curvature, torch.tensor([0.0, 1.0, -1.0, 3.0])


def minimum(strength):
    """(B + s A)^-1 (B b + s A a): where the gradient of 1/2 (t-b)'B(t-b) + s/2 (t-a)'A(t-a) is zero."""
    past, a, new, b = quadratics()
    return torch.linalg.solve(new + strength * past.diag(), new @ b + strength * past * a)


@pytest.mark.parametrize("strength", [0.0, 0.5, 10.0, 1e5])
def test_of_two_quadratics_it_reaches_the_minimiser(strength):
    past, a, new, b = quadratics()
    model = regression(2, 2, bias=False)

    def quadratic(step):
        away = step.model.head.blocks[0].weight.flatten() - b
        return 0.5 * away @ new @ away

    settings = replace(SETTINGS, epochs=120, batch_size=9, momentum=0.5, lr=1 / (3 + 2 * strength))
    proposed = Phase("train", SOME, settings, terms={"quadratic": quadratic})
    kept = {f"fisher/{NAME}": past.view(2, 2), f"anchor/{NAME}": a.view(2, 2)}
    (phase,) = EWC(strength=strength).plan([proposed], model, context(SOME, kept=kept))
    run(phase, model, Surroundings(0, None, None, silent), 0)
    torch.testing.assert_close(model.head.blocks[0].weight.detach().flatten(), minimum(strength), rtol=1e-3, atol=1e-3)


def test_the_minimiser_goes_from_the_new_optimum_to_the_old_one():
    """What the strengths 0 and 1e5 above were held against is b and a indeed."""
    _, a, _, b = quadratics()
    torch.testing.assert_close(minimum(0.0), b)
    torch.testing.assert_close(minimum(1e5), a, rtol=0, atol=1e-3)


def penalty(model, kept, strength):
    (phase,) = EWC(strength=strength).plan([Phase("train", SOME, SETTINGS)], model, context(SOME, kept=kept))
    return phase.terms["ewc"](Step(model, Batch(SOME.inputs, SOME.targets), torch.Generator()))


def test_the_penalty_by_hand():
    """Weights moved by (1, 2, 3, 0) under Fishers (1, 2, 0, 5), strength 3: 3/2 (1*1 + 2*4 + 0*9 + 5*0) = 13.5."""
    model = regression(2, 2, bias=False)
    moved, fisher = torch.tensor([[1.0, 2.0], [3.0, 0.0]]), torch.tensor([[1.0, 2.0], [0.0, 5.0]])
    kept = {f"fisher/{NAME}": fisher, f"anchor/{NAME}": model.head.blocks[0].weight.detach() - moved}
    value = penalty(model, kept, strength=3.0)
    assert value.item() == pytest.approx(13.5)
    (gradient,) = torch.autograd.grad(value, [model.head.blocks[0].weight])
    torch.testing.assert_close(gradient, 3 * fisher * moved)


@pytest.mark.parametrize(("optimiser", "stable"), [("sgd", True), ("sgd", False), ("adamw", True), ("adamw", False)])
def test_under_sgd_no_parameter_is_held_harder_than_a_step_can_undo(optimiser, stable):
    """The pull on a parameter that moved by 1 is lambda F, but at most 1 / lr; two of these four are above it."""
    model, settings = regression(2, 2, bias=False), replace(SETTINGS, lr=0.1, optimiser=optimiser)
    fisher, weight = torch.tensor([[0.5, 1.0], [3.0, 200.0]]), model.head.blocks[0].weight
    kept = {f"fisher/{NAME}": fisher, f"anchor/{NAME}": weight.detach() - 1}
    proposed = Phase("train", SOME, settings)
    (phase,) = EWC(strength=5.0, stable=stable).plan([proposed], model, context(SOME, kept=kept))
    step = Step(model, Batch(SOME.inputs, SOME.targets), torch.Generator())
    (gradient,) = torch.autograd.grad(phase.terms["ewc"](step), [weight])
    capped = torch.tensor([[2.5, 5.0], [10.0, 10.0]])
    torch.testing.assert_close(gradient, capped if (optimiser, stable) == ("sgd", True) else 5 * fisher)


def test_a_strength_that_would_diverge_is_held_and_unheld_it_is_refused():
    parent = begun(EWC())
    child, _ = update(parent, SECOND, SETTINGS, SEED, method=EWC(strength=1e9))
    assert max(float((after - before).detach().abs().max()) for after, before in paired(child, parent)) < 1
    with pytest.raises(DivergedError, match="parent is unchanged"):
        update(parent, SECOND, SETTINGS, SEED, method=EWC(strength=1e9, stable=False))


def paired(child, parent):
    """The parameters that both have."""
    there = dict(parent.model.named_parameters())
    return [(parameter, there[name]) for name, parameter in child.model.named_parameters() if name in there]


def test_rows_of_new_classes_are_free():
    model = regression(2, 2, bias=False)
    kept = EWC().keep(model, context(SOME))
    model.grow(["2", "3"], seed=0)
    new = dict(model.named_parameters())["head.blocks.1.weight"]
    assert torch.autograd.grad(penalty(model, kept, 1.0), [new], allow_unused=True) == (None,)


def test_the_fisher_kept_of_a_softmax_regression_is_known():
    """d log p(y) / d W_kj = (1[y=k] - p_k) x_j, so E_y of its square is p_k (1 - p_k) x_j^2; of the bias, x = 1."""
    model = regression(3, 4)
    x = torch.randn(50, 3, generator=generator(0, "x"))
    kept = EWC().keep(model, context(Examples(x, torch.arange(50) % 4, model.classes)))
    p = model(x).softmax(dim=1).detach()
    torch.testing.assert_close(kept[f"fisher/{NAME}"], (p * (1 - p)).T @ x.square() / 50)
    torch.testing.assert_close(kept["fisher/head.blocks.0.bias"], (p * (1 - p)).mean(dim=0))
    assert torch.equal(kept[f"anchor/{NAME}"], model.head.blocks[0].weight.detach())


@pytest.mark.parametrize("decay", [0.0, 0.3, 1.0])
def test_fishers_are_summed_and_what_is_past_decays(decay):
    model = regression(2, 2)
    once = EWC(decay=decay).keep(model, context(SOME))
    twice = EWC(decay=decay).keep(model, context(SOME, kept=once))
    for name in once:
        factor = 1 + decay if name.startswith("fisher/") else 1
        torch.testing.assert_close(twice[name], factor * once[name])


def test_over_some_examples_it_is_the_fisher_of_as_many_drawn_ones():
    """With one example of nine, it is the Fisher of one of the nine; and another seed draws another."""
    model = regression(2, 2)
    single = [EWC().keep(model, context(subset(SOME, torch.tensor([row])))) for row in range(9)]
    drawn = set()
    for seed in range(20):
        kept = EWC(examples=1).keep(model, context(SOME, seed=seed))
        drawn |= {k for k, one in enumerate(single) if torch.allclose(one[f"fisher/{NAME}"], kept[f"fisher/{NAME}"])}
    assert len(drawn) > 4
    every = EWC(examples=9).keep(model, context(SOME))
    assert torch.equal(every[f"fisher/{NAME}"], EWC().keep(model, context(SOME))[f"fisher/{NAME}"])


def test_fifty_steps_are_those_of_the_reference():
    """Both walks consolidate after the first update as well; the reference by its own Fisher."""
    method = EWC(strength=5.0, decay=0.5)
    parent = begun(method)
    child, record = update(parent, SECOND, SETTINGS, SEED)
    model = grown(parent)
    fisher = fisher_information(parent.model, FIRST.inputs)
    anchor = {name: parameter.detach().clone() for name, parameter in parent.model.named_parameters()}
    ewc(model, fisher, anchor, batches(seen_by(model)), 5.0, **RATE)
    assert record.cost.steps == 50
    assert_same_parameters(child.model, model, grown(parent))
    after = consolidated(fisher, fisher_information(model, SECOND.inputs), decay=0.5)
    for name, value in after.items():
        torch.testing.assert_close(child.kept[f"ewc/fisher/{name}"], value, rtol=1e-2, atol=1e-4)


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
        EWC(**fields)
