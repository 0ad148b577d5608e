"""LwF holds the old classes' answers on the new data: its gradient, and the paper's loop."""

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
    pair,
    regression,
    seen_by,
)  # fmt: skip
from tests.reference.lwf import lwf

from onward.engine.update import update
from onward.errors import InputError
from onward.methods.lwf import LwF
from onward.nets.classifier import Classifier
from onward.phase import Phase
from onward.rng import generator
from onward.step import Outputs, Step
from onward.types import Batch, Examples


def term_and_step(method, old, model, n=7):
    x = torch.randn(n, 3, generator=generator(0, "x"))
    y = torch.arange(n) % 6
    new = Examples(x, y, model.classes)
    (phase,) = method.plan([Phase("train", new, SETTINGS)], model, context(new, old))
    outputs = Outputs(x, old(x).detach())
    return phase.terms["lwf"], Step(model, Batch(x, y), torch.Generator(), parent=lambda: outputs)


@pytest.mark.parametrize(("strength", "temperature"), [(1.0, 1.0), (0.5, 2.0), (3.0, 5.0)])
def test_its_gradient_is_the_difference_of_the_softened_answers(strength, temperature):
    """d/ds of T^2 KL is T (softmax(s/T) - softmax(t/T)) / b on old columns; on new ones it is zero."""
    old, model = pair()
    term, step = term_and_step(LwF(strength, temperature), old, model)
    (gradient,) = torch.autograd.grad(term(step), step.logits)
    s, t = step.logits.detach()[:, :4], step.old.logits
    expected = strength * temperature * ((s / temperature).softmax(1) - (t / temperature).softmax(1)) / 7
    torch.testing.assert_close(gradient[:, :4], expected)
    assert torch.equal(gradient[:, 4:], torch.zeros(7, 2))
    assert expected.abs().max() > 1e-3


@pytest.mark.parametrize("temperature", [1.0, 3.0])
def test_among_all_classes_its_gradient_is_that_of_answers_that_give_new_ones_nothing(temperature):
    """d/ds of T² KL is T (softmax(s/T) − (softmax(t/T), 0)) / b, now with all columns in the first softmax."""
    old, model = pair()
    term, step = term_and_step(LwF(0.5, temperature, among="all"), old, model)
    (gradient,) = torch.autograd.grad(term(step), step.logits)
    wanted = torch.cat([(step.old.logits / temperature).softmax(1), torch.zeros(7, 2)], dim=1)
    s = step.logits.detach()
    torch.testing.assert_close(gradient, 0.5 * temperature * ((s / temperature).softmax(1) - wanted) / 7)
    assert (gradient[:, 4:] > 0).all(), "new classes are pushed down"


def test_where_a_head_has_tasks_all_classes_are_those_of_the_task():
    old, model = pair(tasks=[0, 1, 0, 1])
    terms = [term_and_step(LwF(among=among), old, model) for among in ("old", "all")]
    first, second = (term(step).item() for term, step in terms)
    assert first == second > 0


def test_by_classes_it_weighs_as_old_classes_are_to_new_ones():
    """The pair knows 4 classes and gets 2: λ 4 / 2."""
    old, model = pair()
    plain, step = term_and_step(LwF(0.5), old, model)
    weighed, _ = term_and_step(LwF(0.5, weight="by_classes"), old, model)
    assert weighed(step).item() == pytest.approx(2 * plain(step).item()) and plain(step).item() > 0
    another = Classifier(old.backbone, regression(3, 4).head, old.classes).eval()
    with torch.no_grad():
        another.head.blocks[0].weight.mul_(0.5)
    same, step = term_and_step(LwF(0.5), old, another, n=4)
    unweighed, _ = term_and_step(LwF(0.5, weight="by_classes"), old, another, n=4)
    assert unweighed(step).item() == same(step).item() > 0, "no class is new"


def test_it_is_zero_for_a_model_that_answers_as_its_parent():
    old = pair()[0]
    model = copy.deepcopy(old)
    model.grow(["4", "5"], seed=0)
    term, step = term_and_step(LwF(), old, model)
    assert term(step).item() == pytest.approx(0, abs=1e-6)


def test_each_task_of_a_parted_head_has_its_own_softmax():
    """The gradient of each part sums to zero by itself; with one softmax over both it would not."""
    old, model = pair(tasks=[0, 1, 0, 1])
    term, step = term_and_step(LwF(1.0, 2.0), old, model)
    (gradient,) = torch.autograd.grad(term(step), step.logits)
    for part in ([0, 2], [1, 3]):
        s, t = step.logits.detach()[:, part], step.old.logits[:, part]
        torch.testing.assert_close(gradient[:, part], 2 * ((s / 2).softmax(1) - (t / 2).softmax(1)) / 7)
    assert torch.equal(gradient[:, 4:], torch.zeros(7, 2))


def test_the_first_update_has_no_such_term():
    new = Examples(torch.zeros(2, 3), torch.tensor([0, 1]), ("0", "1", "2", "3"))
    (phase,) = LwF().plan([Phase("train", new, SETTINGS)], regression(3, 4), context(new, None))
    assert list(phase.terms) == ["cross_entropy"]


def test_the_stronger_it_is_the_nearer_the_answers_stay():
    """Where the new data says that a is b, b is c and c is a."""
    parent, told = begun(LwF()), clouds("abc", 2)
    wrong = Examples(told.inputs, (told.targets + 1) % 3, told.classes)
    before, moved = parent.predict(told.inputs).probabilities, []
    for strength in (0.0, 1.0, 10.0):
        child, _ = update(parent, wrong, SETTINGS, SEED, method=LwF(strength=strength))
        moved.append(float((child.predict(told.inputs).probabilities - before).abs().mean()))
    assert moved[0] > 1.2 * moved[1] > 1.4 * moved[2]


def test_fifty_steps_are_those_of_the_reference():
    method = LwF(strength=1.5, temperature=2.0)
    parent = begun(method)
    child, record = update(parent, SECOND, SETTINGS, SEED)
    model = grown(parent)
    data = seen_by(model)
    rows = [rows for (rows,) in orders(Phase("train", data, SETTINGS))]
    recorded = parent.predict(data.inputs).logits
    lwf(model, recorded, list(zip(batches(data), rows, strict=True)), 1.5, 2.0, **RATE)
    assert record.cost.steps == len(rows) == 50
    assert_same_parameters(child.model, model, grown(parent))


def test_it_keeps_nothing():
    assert dict(begun(LwF()).kept) == {}


def test_strength_zero_adds_no_term():
    parent = begun(LwF())
    off, record = update(parent, SECOND, SETTINGS, SEED, method=LwF(strength=0.0))
    on, _ = update(parent, SECOND, SETTINGS, SEED)
    assert record.phases[0].terms == ("cross_entropy",)
    assert differing(off.model.state_dict(), on.model.state_dict()) != []


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"strength": -1.0}, "strength must be >= 0, got -1.0"),
        ({"temperature": 0.0}, "temperature must be > 0, got 0.0"),
        ({"among": "new"}, "among must be old or all, got 'new'"),
        ({"weight": "n"}, "weight must be plain or by_classes, got 'n'"),
    ],
)
def test_values_out_of_range_are_refused(fields, told):
    with pytest.raises(InputError, match=told):
        LwF(**fields)
