"""Feature distillation holds features to the parent's on the new data, by each of its distances."""

from __future__ import annotations

import copy

import pytest
import torch
from tests.conformance.scenarios import clouds
from tests.conformance.specimens import differing
from tests.methods.walks import (
    RATE,
    SECOND,
    SEED,
    SETTINGS,
    assert_same_parameters,
    batches,
    begun,
    context,
    grown,
    orders,
    seen_by,
)  # fmt: skip
from tests.reference.feature_distillation import feature_distillation

from onward.engine.update import update
from onward.errors import InputError
from onward.methods.feature_distillation import FeatureDistillation
from onward.nets.backbone import Backbone
from onward.nets.classifier import Classifier
from onward.nets.head import Head
from onward.phase import Phase
from onward.rng import generator
from onward.step import Outputs, Step
from onward.types import Batch, Examples

X = torch.randn(7, 3, generator=generator(0, "x"))
SCALE = torch.tensor([2.0, 3.0, -0.5])
FORMS = ("cosine", "l2", "smooth_l1", "through_head")
each_form = pytest.mark.parametrize("form", FORMS)


class Scaled(Backbone):
    """Features that are the inputs, each times a number of its own."""

    features = 3

    def __init__(self):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.ones(3))

    def forward(self, inputs):
        return inputs * self.scale


def pair():
    """A parent whose features are the inputs and whose head has grown, and a child whose features are scaled."""
    old = Classifier(Scaled(), Head(3, [2, 1]), ("0", "1", "2")).eval()
    with torch.no_grad():
        for number, block in enumerate(old.head.blocks):
            block.weight.copy_(torch.randn(block.weight.shape, generator=generator(number, "rows")))
    model = copy.deepcopy(old)
    model.grow(["3"], seed=0)
    with torch.no_grad():
        model.backbone.scale.copy_(SCALE)
    return old, model


def term_and_step(method, old, model):
    y = torch.arange(len(X)) % 4
    new = Examples(X, y, model.classes)
    (phase,) = method.plan([Phase("train", new, SETTINGS)], model, context(new, old))
    outputs = Outputs(old.features(X).detach(), old(X).detach())
    return phase.terms["feature_distillation"], Step(model, Batch(X, y), torch.Generator(), parent=lambda: outputs)


def by_hand(form, old):
    """Features s x against x: what each distance is of the numbers (s - 1) x, or of the angle between the two."""
    apart = (SCALE - 1) * X
    if form == "cosine":
        return (2 - 2 * torch.cosine_similarity(SCALE * X, X)).mean()
    if form == "through_head":
        first, second = old.head.blocks
        return torch.cat([apart @ first.weight.T, apart @ second.weight.T], dim=1).detach().square().mean()
    huber = torch.where(apart.abs() < 1, apart.square() / 2, apart.abs() - 0.5)
    return apart.square().mean() if form == "l2" else huber.mean()


@each_form
def test_the_term_is_the_strength_times_the_distance_of_the_features(form):
    """The parent's head has three rows in two blocks; the child's fourth is none of the parent's."""
    old, model = pair()
    term, step = term_and_step(FeatureDistillation(1.5, form), old, model)
    torch.testing.assert_close(term(step).detach(), 1.5 * by_hand(form, old))


@each_form
def test_it_moves_the_features_and_leaves_the_head_free(form):
    old, model = pair()
    term, step = term_and_step(FeatureDistillation(1.0, form), old, model)
    gradients = torch.autograd.grad(term(step), list(model.parameters()), allow_unused=True)
    pulled = [name for (name, _), g in zip(model.named_parameters(), gradients, strict=True) if g is not None]
    assert pulled == ["backbone.scale"]
    assert bool(gradients[0].abs().max() > 1e-3)


@each_form
def test_it_is_zero_for_a_model_that_sees_as_its_parent(form):
    old = pair()[0]
    model = copy.deepcopy(old)
    model.grow(["3"], seed=0)
    term, step = term_and_step(FeatureDistillation(1.0, form), old, model)
    assert term(step).item() == 0


def test_the_first_update_has_no_such_term():
    old = pair()[0]
    new = Examples(X, torch.arange(7) % 3, old.classes)
    (phase,) = FeatureDistillation().plan([Phase("train", new, SETTINGS)], old, context(new, None))
    assert list(phase.terms) == ["cross_entropy"]


def test_strength_zero_adds_no_term():
    parent = begun(FeatureDistillation())
    off, record = update(parent, SECOND, SETTINGS, SEED, method=FeatureDistillation(strength=0.0))
    on, _ = update(parent, SECOND, SETTINGS, SEED)
    assert record.phases[0].terms == ("cross_entropy",)
    assert differing(off.model.state_dict(), on.model.state_dict()) != []


@pytest.mark.parametrize("form", ["l2", "smooth_l1", "through_head"])
def test_the_stronger_it_is_the_nearer_the_features_stay(form):
    """Where the new data says that a is b, b is c and c is a; what the parent's head reads of them is compared."""
    parent, told = begun(FeatureDistillation()), clouds("abc", 2)
    wrong = Examples(told.inputs, (told.targets + 1) % 3, told.classes)
    (rows,) = (block.weight for block in parent.model.head.linears)
    before, moved = parent.model.features(told.inputs), []
    for strength in (0.0, 0.3, 3.0):
        child, _ = update(parent, wrong, SETTINGS, SEED, method=FeatureDistillation(strength, form))
        apart = child.model.features(told.inputs) - before
        moved.append(float((apart @ rows.T).detach().abs().mean()))
    assert moved[0] > 1.2 * moved[1] > 1.4 * moved[2]


@each_form
def test_fifty_steps_are_those_of_the_reference(form):
    method = FeatureDistillation(strength=0.5, form=form)
    parent = begun(method)
    child, record = update(parent, SECOND, SETTINGS, SEED)
    model = grown(parent)
    data = seen_by(model)
    order = [rows for (rows,) in orders(Phase("train", data, SETTINGS))]
    recorded = parent.model.features(data.inputs).detach()
    rows = parent.model.head.blocks[0].weight.detach()
    steps = list(zip(batches(data), order, strict=True))
    feature_distillation(model, recorded, rows, steps, (0.5, form), **RATE)
    assert record.cost.steps == len(order) == 50
    assert_same_parameters(child.model, model, grown(parent))


def test_it_keeps_nothing():
    assert dict(begun(FeatureDistillation()).kept) == {}


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"strength": -1.0}, "strength must be >= 0, got -1.0"),
        ({"form": "l1"}, "form must be one of cosine, l2, smooth_l1, through_head, got 'l1'"),
    ],
)
def test_values_out_of_range_are_refused(fields, told):
    with pytest.raises(InputError, match=told):
        FeatureDistillation(**fields)
