"""SI reads off the steps what each parameter did for the loss: of a parabola that is its curvature."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from tests.conformance.scenarios import mlp
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
from tests.reference.si import consolidated, importance_weights, si
from torch import nn

from onward.context import Scratch
from onward.engine.log import silent
from onward.engine.loop import Surroundings, run
from onward.engine.update import update
from onward.errors import DivergedError, InputError
from onward.learner import Learner
from onward.methods.mc_sgd import MCSGD
from onward.methods.si import SI
from onward.methods.subspace_ensemble import SubspaceEnsemble
from onward.phase import Phase
from onward.rng import generator
from onward.step import Step
from onward.types import Batch, Examples

NAME = "head.blocks.0.weight"
SOME = Examples(torch.randn(9, 2, generator=generator(0, "x")), torch.arange(9) % 2, ("0", "1"))
CURVATURE = torch.tensor([[0.5, 1.0], [2.0, 0.0]])


def parabola(step):
    """1/2 sum a w^2, of which the gradient is a w."""
    return 0.5 * (CURVATURE * step.model.head.blocks[0].weight.square()).sum()


def after_a_parabola(method, kept=None, chain=lambda phase: phase, **settings):
    """What is kept after a long way down to the minimum at 0, from ones."""
    model = regression(2, 2, bias=False)
    nn.init.ones_(model.head.blocks[0].weight)
    plain = {"epochs": 800, "batch_size": 9, "momentum": 0.0, "lr": 0.01, **settings}
    here = replace(context(SOME, kept=kept), scratch=Scratch())
    for phase in method.plan([Phase("train", SOME, replace(SETTINGS, **plain), terms={"p": parabola})], model, here):
        run(chain(phase), model, Surroundings(0, None, None, silent), 0)
    return method.keep(model, here), model.head.blocks[0].weight.detach()


@pytest.mark.parametrize("momentum", [0.0, 0.5])
def test_after_a_way_to_the_minimum_of_a_parabola_its_importance_is_half_its_curvature(momentum):
    """omega is how far the loss fell, a/2 (1 - w^2), over a way of 1 - w; Omega d^2 is then the parabola a/2 d^2."""
    kept, w = after_a_parabola(SI(damping=1e-6), momentum=momentum, lr=0.01 * (1 - momentum))
    expected = CURVATURE / 2 * (1 - w.square()) / ((1 - w).square() + 1e-6)
    torch.testing.assert_close(kept[f"importance/{NAME}"], expected, rtol=2e-2, atol=1e-6)
    torch.testing.assert_close(kept[f"importance/{NAME}"][0, 1], torch.tensor(0.5), rtol=2e-2, atol=0)
    assert torch.equal(kept[f"anchor/{NAME}"], w)


def test_the_pull_of_the_penalty_is_no_part_of_what_a_parameter_did():
    """Held at 1 by a pull of w = 2 c Omega the way is shorter, and ends where a t = w (1 - t).

    Counted with the pull, the loss would not have fallen by a/2 (1 - t^2), but by w/2 (1 - t)^2 less.
    """
    past = torch.full((2, 2), 0.25)
    kept = {f"importance/{NAME}": past, f"anchor/{NAME}": torch.ones(2, 2)}
    found, t = after_a_parabola(SI(strength=2.0, damping=1e-6, decay=0.0), kept=kept)
    torch.testing.assert_close(t, 1 / (1 + CURVATURE), rtol=1e-3, atol=0)  # w = 1
    moving = CURVATURE > 0
    expected = (CURVATURE / 2 * (1 - t.square()) / ((1 - t).square() + 1e-6))[moving]
    torch.testing.assert_close(found[f"importance/{NAME}"][moving], expected, rtol=2e-2, atol=0)


def test_clipping_shortens_the_step_and_not_the_gradient_that_is_counted():
    """The path integral asks how steep the loss is: with steps of a hundredth it is the same fall."""
    kept, w = after_a_parabola(SI(damping=1e-6), clip=0.05, lr=0.2)
    expected = CURVATURE / 2 * (1 - w.square()) / ((1 - w).square() + 1e-6)
    torch.testing.assert_close(kept[f"importance/{NAME}"], expected, rtol=5e-2, atol=1e-6)


def test_the_steps_of_two_phases_are_one_way():
    """Half of the way twice is the way: neither the fall nor its length begins anew."""
    model, method, here = regression(2, 2, bias=False), SI(damping=1e-6), context(SOME)
    nn.init.ones_(model.head.blocks[0].weight)
    settings = replace(SETTINGS, epochs=400, batch_size=9, momentum=0.0, lr=0.01)
    phase = Phase("half", SOME, settings, terms={"p": parabola})
    for each in method.plan([phase, phase], model, here):
        run(each, model, Surroundings(0, None, None, silent), 0)
    whole, w = after_a_parabola(method)
    assert torch.equal(w, model.head.blocks[0].weight.detach())
    torch.testing.assert_close(method.keep(model, here)[f"importance/{NAME}"], whole[f"importance/{NAME}"])


def gradient_of_the_penalty(method, moved, importance, **settings):
    model = regression(2, 2, bias=False)
    weight = model.head.blocks[0].weight
    kept = {f"importance/{NAME}": importance, f"anchor/{NAME}": weight.detach() - moved}
    proposed = Phase("train", SOME, replace(SETTINGS, **settings))
    (phase,) = method.plan([proposed], model, context(SOME, kept=kept))
    value = phase.terms["si"](Step(model, Batch(SOME.inputs, SOME.targets), torch.Generator()))
    return value, *torch.autograd.grad(value, [weight])


def test_the_penalty_by_hand():
    """Weights moved by (1, 2, 3, 0) under importances (1, 2, 0, 5), strength 3: 3 (1*1 + 2*4 + 0*9 + 5*0) = 27."""
    moved, importance = torch.tensor([[1.0, 2.0], [3.0, 0.0]]), torch.tensor([[1.0, 2.0], [0.0, 5.0]])
    value, gradient = gradient_of_the_penalty(SI(strength=3.0), moved, importance)
    assert value.item() == pytest.approx(27)
    torch.testing.assert_close(gradient, 6 * importance * moved)


@pytest.mark.parametrize(("optimiser", "stable"), [("sgd", True), ("sgd", False), ("adamw", True)])
def test_under_sgd_no_parameter_is_held_harder_than_a_step_can_undo(optimiser, stable):
    """The pull on a parameter that moved by 1 is 2 c Omega, but at most 1 / lr = 10; two of these are above it."""
    importance = torch.tensor([[0.5, 1.0], [3.0, 200.0]])
    method = SI(strength=2.5, stable=stable)
    _, gradient = gradient_of_the_penalty(method, torch.ones(2, 2), importance, lr=0.1, optimiser=optimiser)
    capped = torch.tensor([[2.5, 5.0], [10.0, 10.0]])
    torch.testing.assert_close(gradient, capped if (optimiser, stable) == ("sgd", True) else 5 * importance)


def test_a_strength_that_would_diverge_is_held_and_unheld_it_is_refused():
    parent = begun(SI())
    child, _ = update(parent, SECOND, SETTINGS, SEED, method=SI(strength=1e9))
    assert all(bool(parameter.isfinite().all()) for parameter in child.model.parameters())
    with pytest.raises(DivergedError, match="parent is unchanged"):
        update(parent, SECOND, SETTINGS, SEED, method=SI(strength=1e9, stable=False))


def test_no_importance_is_below_zero():
    """Up a slope and past what was there, the sum would be; it would drive parameters away from their anchor."""
    model, here = regression(2, 2, bias=False), context(SOME)

    def opposed(step):
        return -10 * parabola(step)

    phase = Phase("train", SOME, replace(SETTINGS, epochs=3, batch_size=9), terms={"up": opposed})
    for each in SI().plan([phase], model, here):
        run(each, model, Surroundings(0, None, None, silent), 0)
    contributions = {name: -value for name, value in here.scratch.items() if name.startswith("done/")}
    here.scratch.update(contributions)
    assert float(contributions[f"done/{NAME}"].min()) < 0
    assert not SI().keep(model, here)[f"importance/{NAME}"].any()


@pytest.mark.parametrize("chain", [SI() | SubspaceEnsemble(spread=0.3), SubspaceEnsemble(spread=0.3) | SI()], ids=repr)
def test_in_a_subspace_it_follows_the_midpoint(chain):
    """Down a plane of slope a the midpoint goes as one model would, wherever the steps look: k steps of lr a.

    Then omega is a |Delta| with Delta = k lr a, k = 30, lr = 0.01, whatever the corners did meanwhile.
    """
    model, here = regression(2, 2, bias=False), context(SOME)

    def plane(step):
        return (CURVATURE * step.model.head.blocks[0].weight).sum()

    settings = replace(SETTINGS, epochs=30, batch_size=9, momentum=0.0, lr=0.01)
    for each in chain.plan([Phase("train", SOME, settings, terms={"plane": plane})], model, here):
        run(each, model, Surroundings(0, None, None, silent), 0)
    delta = 0.3 * CURVATURE
    kept = chain.keep(model, here)
    torch.testing.assert_close(kept[f"si/importance/{NAME}"], CURVATURE * delta / (delta.square() + 0.1))


@pytest.mark.parametrize("order", [lambda a, b: a | b, lambda a, b: b | a])
def test_what_connects_afterwards_counts_for_nothing(order):
    """What was learned is worth the same, whatever then moves the weights to another place."""
    parent = begun(order(SI(strength=0.0), MCSGD(per_class=2)))
    child, record = update(parent, SECOND, SETTINGS, SEED)
    alone, _ = update(parent, SECOND, SETTINGS, SEED, method=SI(strength=0.0))
    assert [phase.name for phase in record.phases] == ["train", "connect"]
    for name, value in alone.kept.items():
        if name.startswith("si/importance/"):
            assert torch.equal(child.kept[name], value)


def test_fifty_steps_are_those_of_the_reference():
    """After a first update of one step over all examples, whose importance the reference reads off as well."""
    method = SI(strength=0.5, decay=0.5, damping=0.01)
    first, once = Learner(mlp(), method), replace(SETTINGS, epochs=1, batch_size=90)
    parent, _ = update(first, FIRST, once, SEED)
    walk = si(grown(first, FIRST), {}, {}, [(FIRST.inputs, FIRST.targets)], 0.5, **RATE)
    importance = consolidated({}, importance_weights(*walk, 0.01), 0.5)
    anchor = {name: parameter.detach().clone() for name, parameter in parent.model.named_parameters()}

    child, record = update(parent, SECOND, SETTINGS, SEED)
    model = grown(parent)
    walk = si(model, importance, anchor, batches(seen_by(model)), 0.5, **RATE)
    assert record.cost.steps == 50
    assert_same_parameters(child.model, model, grown(parent))
    after = consolidated(importance, importance_weights(*walk, 0.01), decay=0.5)
    for name, value in after.items():
        assert value.any(), name
        torch.testing.assert_close(child.kept[f"si/importance/{name}"], value, rtol=1e-2, atol=1e-4)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"strength": -1.0}, "strength must be >= 0, got -1.0"),
        ({"damping": 0.0}, "damping must be > 0, got 0.0"),
        ({"decay": 1.5}, r"decay must be in \[0, 1\], got 1.5"),
    ],
)
def test_values_out_of_range_are_refused(fields, told):
    with pytest.raises(InputError, match=told):
        SI(**fields)
