"""L2-SP's penalty has the minimiser that algebra says, over what the parent has and an update moves."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
import torch
from tests.conformance.specimens import differing
from tests.methods.walks import (
    RATE,
    SECOND,
    SEED,
    SETTINGS,
    HalfTrained,
    assert_same_parameters,
    batches,
    begun,
    context,
    grown,
    regression,
    seen_by,
)  # fmt: skip
from tests.reference.l2_to_parent import l2_to_parent

from onward.engine.log import silent
from onward.engine.loop import Surroundings, run
from onward.engine.update import update
from onward.errors import InputError
from onward.learner import Learner
from onward.methods.l2_to_parent import L2ToParent
from onward.nets.classifier import Classifier
from onward.nets.head import Head
from onward.nets.zoo import fresh
from onward.phase import Phase
from onward.rng import generator
from onward.step import Step
from onward.types import Batch, Examples

SOME = Examples(torch.randn(9, 2, generator=generator(0, "x")), torch.arange(9) % 2, ("0", "1"))
STEP = Batch(SOME.inputs, SOME.targets)


def planned(method, model, old, phase=None):
    """The one phase that the method makes of a plain one."""
    (after,) = method.plan([phase or Phase("train", SOME, SETTINGS)], model, context(SOME, old))
    return after


def penalty(model, old, strength=1.0):
    return planned(L2ToParent(strength), model, old).terms["l2_to_parent"](Step(model, STEP, torch.Generator()))


@pytest.mark.parametrize("strength", [0.0, 0.5, 10.0])
def test_of_quadratic_losses_it_reaches_the_weighted_mean_of_their_targets(strength):
    """Where c/2 (t - b)^2 + s/2 (t - a)^2 has the gradient c (t - b) + s (t - a) = 0: t = (c b + s a) / (c + s)."""
    c, b = torch.tensor([[0.5, 1.0], [2.0, 3.0]]), torch.tensor([[0.0, 1.0], [-1.0, 3.0]])
    old, model = regression(2, 2, bias=False), regression(2, 2, bias=False)
    a = old.head.blocks[0].weight.detach()

    def quadratic(step):
        return (c / 2 * (step.model.head.blocks[0].weight - b) ** 2).sum()

    settings = replace(SETTINGS, epochs=150, batch_size=9, momentum=0.5, lr=1 / (3 + strength))
    phase = planned(L2ToParent(strength), model, old, Phase("train", SOME, settings, terms={"quadratic": quadratic}))
    run(phase, model, Surroundings(0, None, None, silent), 0)
    expected = (c * b + strength * a) / (c + strength)
    torch.testing.assert_close(model.head.blocks[0].weight.detach(), expected, rtol=1e-3, atol=1e-3)


def test_the_penalty_and_its_gradient_by_hand():
    """Weights moved by (1, 2, 3, 0) at strength 3: 3/2 (1 + 4 + 9) = 21, and each is pulled back by 3 times its way."""
    old, moved = regression(2, 2, bias=False), torch.tensor([[1.0, 2.0], [3.0, 0.0]])
    model = copy.deepcopy(old)
    with torch.no_grad():
        model.head.blocks[0].weight += moved
    value = penalty(model, old, strength=3.0)
    assert value.item() == pytest.approx(21)
    (gradient,) = torch.autograd.grad(value, [model.head.blocks[0].weight])
    torch.testing.assert_close(gradient, 3 * moved)


def test_rows_of_new_classes_are_free():
    old = regression(2, 2)
    model = copy.deepcopy(old)
    model.grow(["2", "3"], seed=0)
    assert penalty(model, old).item() == 0
    new = dict(model.named_parameters())["head.blocks.1.weight"]
    assert torch.autograd.grad(penalty(model, old), [new], allow_unused=True) == (None,)


def test_only_what_an_update_moves_is_held():
    old = Classifier(HalfTrained((2,), width=4, depth=1), Head(4, [2]), ("0", "1"))
    model = copy.deepcopy(old)
    gradients = torch.autograd.grad(penalty(model, old), list(model.parameters()), allow_unused=True)
    pulled = {name for (name, _), g in zip(model.named_parameters(), gradients, strict=True) if g is not None}
    assert pulled == {"backbone.layers.1.bias", "head.blocks.0.weight", "head.blocks.0.bias"}


def test_a_phase_holds_what_it_moves_and_one_that_moves_nothing_of_the_parent_has_no_term():
    old = fresh("mlp", (2,), seed=0, width=4, depth=1)
    old.grow(["0", "1"], seed=0)
    model = copy.deepcopy(old)
    model.grow(["2"], seed=0)
    with torch.no_grad():
        model.head.blocks[0].bias += 1  # two values, so that 1/2 (1 + 1) = 1
        model.backbone.layers[1].bias += 1
    plain = Phase("train", SOME, SETTINGS)
    head = planned(L2ToParent(1.0), model, old, plain.only(lambda name: name.startswith("head.")))
    assert head.terms["l2_to_parent"](Step(model, STEP, torch.Generator())).item() == 1
    rows = planned(L2ToParent(1.0), model, old, plain.only(lambda name: name.startswith("head.blocks.1.")))
    assert list(rows.terms) == ["cross_entropy"]


def test_the_first_update_has_no_such_term():
    assert list(planned(L2ToParent(), regression(2, 2), None).terms) == ["cross_entropy"]


def test_strength_zero_adds_no_term():
    parent = begun(L2ToParent())
    off, record = update(parent, SECOND, SETTINGS, SEED, method=L2ToParent(strength=0.0))
    on, _ = update(parent, SECOND, SETTINGS, SEED)
    assert record.phases[0].terms == ("cross_entropy",)
    assert differing(off.model.state_dict(), on.model.state_dict()) != []


def test_the_stronger_it_is_the_nearer_the_parameters_stay():
    parent, moved = begun(L2ToParent()), []
    before = dict(parent.model.named_parameters())
    for strength in (0.0, 0.1, 1.0, 10.0):
        child, _ = update(parent, SECOND, SETTINGS, SEED, method=L2ToParent(strength))
        after = dict(child.model.named_parameters())
        moved.append(sum(float((after[name] - p).detach().square().sum()) for name, p in before.items()))
    assert moved == sorted(moved, reverse=True)
    assert moved[0] > 20 * moved[-1]


def test_fifty_steps_are_those_of_the_reference():
    method = L2ToParent(strength=0.5)
    parent = begun(method)
    child, record = update(parent, SECOND, SETTINGS, SEED)
    model = grown(parent)
    start = {name: parameter.detach().clone() for name, parameter in parent.model.named_parameters()}
    l2_to_parent(model, start, batches(seen_by(model)), 0.5, **RATE)
    assert record.cost.steps == 50
    assert_same_parameters(child.model, model, grown(parent))


def test_it_keeps_nothing():
    assert dict(begun(L2ToParent()).kept) == {}


def test_a_model_that_no_longer_fits_the_parent_is_refused_with_both_shapes():
    """A method before it in the chain may have given the model another width, or other names."""
    old, wider = (fresh("mlp", (4,), seed=0, width=width, depth=1) for width in (8, 9))
    with pytest.raises(InputError, match=r"of shape \(8, 4\), but the model's is \(9, 4\).*put l2_to_parent first"):
        planned(L2ToParent(), wider, old)
    with pytest.raises(InputError, match="but the model's is gone"):
        planned(L2ToParent(), Learner(regression(2, 2)).model, old)


def test_a_strength_below_zero_is_refused():
    with pytest.raises(InputError, match=r"strength must be >= 0, got -1.0"):
        L2ToParent(strength=-1.0)
