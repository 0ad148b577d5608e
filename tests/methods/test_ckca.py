"""CKCA holds features and answers as far as the parent is to be trusted, and is LwF where that is everywhere."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import get_args

import pytest
import torch
from tests.conformance.scenarios import SCENARIOS, clouds
from tests.conformance.specimens import differing, life
from tests.methods.walks import (
    RATE,
    SEED,
    SETTINGS,
    assert_same_parameters,
    batches,
    begun,
    context,
    grown,
    orders,
    pair,
    seen_by,
)
from tests.reference.ckca import FITTED, TRUSTS, ckca

from onward.engine.update import planned, update
from onward.errors import InputError
from onward.formulas.trust import Trust
from onward.methods.ckca import CKCA, normal
from onward.methods.feature_distillation import FeatureDistillation
from onward.methods.lwf import LwF
from onward.methods.warm_start import WarmStart
from onward.nets.zoo import again
from onward.phase import Phase
from onward.rng import generator
from onward.step import Outputs, Step
from onward.types import Batch, Examples

NEW = clouds("dca", 2, shift=0.5)  # 90 examples: 10 x 8 steps; d is new
OFF = CKCA(features=0.0, answers=0.0, slowing=0.0, average=0.0)
X = torch.randn(7, 3, generator=generator(0, "x"))
Y = torch.arange(7) % 6
each_trust = pytest.mark.parametrize("trust", get_args(Trust))


def terms_and_step(method, old, model, moved=0.3):
    """The terms, and a step in which the child sees the inputs ``moved`` aside."""
    new = Examples(X, Y, model.classes)
    (phase,) = method.plan([Phase("train", new, SETTINGS)], model, context(new, old))
    outputs = Outputs(X - moved, old(X).detach())
    return phase.terms, Step(model, Batch(X, Y), torch.Generator(), parent=lambda: outputs)


def trusts(name, old, tasks=None):
    """The weights by hand; among the classes of a task where there are tasks."""
    logits, asked = old(X).detach().tolist(), []
    for row, y in zip(logits, Y.tolist(), strict=True):
        known = [k for k in range(4) if tasks is None or y >= 4 or tasks[k] == tasks[y]]
        asked.append(([row[k] for k in known], known.index(y) if y in known else 99, y))
    measure = TRUSTS.get(name) or FITTED[name]([each for each in asked if each[2] < 4])
    return torch.tensor([measure(*each) if name in FITTED else measure(*each[:2]) for each in asked])


@each_trust
@pytest.mark.parametrize("tasks", [None, [0, 1, 0, 1]])
def test_the_gradient_of_adakd_is_that_of_lwf_times_the_trust(trust, tasks):
    """d/ds of w T^2 KL is w T (softmax(s/T) - softmax(t/T)) / b on old columns; on new ones it is zero."""
    old, model = pair(tasks)
    terms, step = terms_and_step(CKCA(answers=1.5, temperature=2.0, trust=trust, span=None), old, model)
    (gradient,) = torch.autograd.grad(terms["adakd"](step), step.logits)
    weights, expected = trusts(trust, old, tasks), torch.zeros(7, 6)
    for part in ([0, 1, 2, 3],) if tasks is None else ([0, 2], [1, 3]):
        s, t = step.logits.detach()[:, part], step.old.logits[:, part]
        expected[:, part] = 1.5 * 2 * weights[:, None] * ((s / 2).softmax(1) - (t / 2).softmax(1)) / 7
    torch.testing.assert_close(gradient, expected)
    assert expected.abs().max() > 1e-3
    assert trust == "constant" or torch.equal(weights[Y >= 4], torch.zeros(2))


@each_trust
def test_featreg_is_the_distance_of_each_example_times_the_trust(trust):
    """Features lie 0.3 aside in each of three directions: ||f - g||^2 / 3 = 0.09 for every example."""
    old, model = pair()
    terms, step = terms_and_step(CKCA(features=2.0, form="l2", trust=trust, span=None), old, model)
    assert terms["featreg"](step).item() == pytest.approx(2 * 0.09 * float(trusts(trust, old).mean()), rel=1e-4)


@each_trust
def test_normalised_trust_weighs_one_in_the_mean_of_a_batch(trust):
    """So it moves the pull between examples alone: features that lie equally far aside are held as if all weighed 1."""
    old, model = pair()
    plain = CKCA(features=2.0, form="l2", answers=1.5, trust=trust, span=None)
    terms, step = terms_and_step(replace(plain, normalised=True), old, model)
    assert terms["featreg"](step).item() == pytest.approx(2 * 0.09, rel=1e-5)
    before, _ = terms_and_step(plain, old, model)
    mean = float(trusts(trust, old).mean())
    assert terms["adakd"](step).item() == pytest.approx(before["adakd"](step).item() / mean, rel=1e-4)


def test_no_trust_at_all_stays_none_when_it_is_normalised():
    step = terms_and_step(OFF, *pair())[1]
    assert torch.equal(normal(lambda step: torch.zeros(7), step), torch.zeros(7))


def test_the_trust_has_no_gradient():
    """Where the child is the parent all but the trust is zero, and so is every gradient."""
    old, _ = pair()
    model = copy.deepcopy(old)
    model.grow(["4", "5"], seed=0)
    terms, step = terms_and_step(CKCA(features=1.0, trust="true_class"), old, model, moved=0.0)
    total = sum(term(step) for name, term in terms.items() if name != "cross_entropy")
    assert total.item() == pytest.approx(0, abs=1e-6)
    (gradient,) = torch.autograd.grad(total, step.logits)
    torch.testing.assert_close(gradient, torch.zeros(7, 6), atol=1e-6, rtol=0)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_where_the_parent_counts_as_much_as_the_new_and_is_trusted_it_is_lwf_bit_for_bit(scenario):
    ours = life(CKCA(answers=1.5, span=None, slowing=0.0), scenario)
    theirs = life(LwF(strength=1.5), scenario)
    assert differing(ours.child.model.state_dict(), theirs.child.model.state_dict()) == []


def test_featreg_alone_then_is_feature_distillation_bit_for_bit():
    scenario = "byte images, batch norm"
    ours = life(CKCA(features=0.7, answers=0.0, form="smooth_l1", trust="constant", span=None, slowing=0.0), scenario)
    theirs = life(FeatureDistillation(strength=0.7, form="smooth_l1"), scenario)
    assert differing(ours.child.model.state_dict(), theirs.child.model.state_dict()) == []


@pytest.mark.parametrize("trust", TRUSTS)
def test_its_steps_are_those_of_the_reference(trust):
    method = CKCA(
        features=0.4, form="cosine", answers=1.5, temperature=2.0, trust=trust, span=2.0, slowing=1.5, average=0.5
    )
    parent = begun(method)
    child, record = update(parent, NEW, SETTINGS, SEED)
    model = grown(parent, NEW)
    data = seen_by(model, NEW)
    rows = [rows for (rows,) in orders(Phase("train", data, SETTINGS))]
    acting = (0.4, 1.5, 2.0, trust, 0.25)  # 90 and 90 examples: r = 1, α = 0.5 / 2
    rate = RATE | {"lr": SETTINGS.lr / (1 + 1.5)}
    with torch.no_grad():
        old = parent.model.features(data.inputs), parent.model(data.inputs), dict(parent.model.named_parameters())
    ckca(model, old, list(zip(batches(data), rows, strict=True)), acting, **rate)
    assert record.cost.steps == len(rows) == 80
    assert_same_parameters(child.model, model, grown(parent, NEW))


def test_the_average_lies_between_the_parent_and_the_child_that_is_not_averaged():
    parent = begun(OFF)
    plain, _ = update(parent, NEW, SETTINGS, SEED, method=OFF)
    child, _ = update(parent, NEW, SETTINGS, SEED, method=replace(OFF, average=0.5))
    before = dict(parent.model.named_parameters())
    for name, parameter in child.model.named_parameters():
        alone = plain.model.get_parameter(name)
        torch.testing.assert_close(parameter, alone.lerp(before[name], 0.25) if name in before else alone)


def test_after_an_average_batch_norm_has_the_statistics_of_the_new_data():
    """The first norm of the network sees what the first convolution, as it now is, makes of the new images."""
    here = SCENARIOS["byte images, batch norm"]
    child = life(replace(OFF, average=1.0), "byte images, batch norm").child.model
    inputs = (here.second.take(torch.arange(len(here.second))).inputs / 255 - 0.5) / 0.25
    convolution, norm = child.backbone.layers[0], child.backbone.layers[1]
    maps = convolution(inputs).detach()
    torch.testing.assert_close(norm.running_mean, maps.mean((0, 2, 3)))
    torch.testing.assert_close(norm.running_var, maps.var((0, 2, 3)), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("step_out", "keep", "fresh", "which"),
    [("head", 0.0, 1.0, "head."), ("shrink", 0.6, 0.1, ""), ("fresh", 0.0, 1.0, "")],
)
def test_stepping_out_starts_these_parameters_nearer_to_where_training_begins(step_out, keep, fresh, which):
    parent = begun(OFF)
    method, untrained = replace(OFF, step_out=step_out), replace(SETTINGS, steps=0)
    start = update(parent, NEW, untrained, SEED, method=method)[0].model
    model = grown(parent, NEW)
    drawn = dict(again(model, generator(SEED, "ckca", "weights").initial_seed()).named_parameters())
    inherited = dict(parent.model.named_parameters())
    for name, parameter in start.named_parameters():
        grew = model.get_parameter(name)
        moves = name in inherited and name.startswith(which)
        torch.testing.assert_close(parameter, keep * grew + fresh * drawn[name] if moves else grew)


def test_the_rate_is_times_the_runs_after_the_first_update():
    parent = begun(replace(OFF, rate=0.5))
    child, _ = update(parent, NEW, SETTINGS, SEED)
    slower = replace(SETTINGS, lr=SETTINGS.lr / 2)
    expected, _ = update(begun(WarmStart()), NEW, slower, SEED)
    assert differing(child.model.state_dict(), expected.model.state_dict()) == []


def test_the_first_update_is_the_warm_start_and_has_no_such_terms():
    (phase,) = planned(begun(OFF), NEW, SETTINGS, method=CKCA(features=1.0, answers=1.0))
    assert phase.terms == ("cross_entropy", "featreg", "adakd")
    (first,) = life(CKCA(features=1.0, step_out="fresh", rate=3.0, average=0.5), "new classes").born.phases
    assert first.terms == ("cross_entropy",)
    ours, plain = (begun(method).model.state_dict() for method in (CKCA(step_out="fresh", rate=3.0), WarmStart()))
    assert differing(ours, plain) == []


@pytest.mark.parametrize(("span", "r"), [(10.0, 2.0), (1.5, 1.5), (None, 1.0)])
def test_its_terms_grow_with_what_the_parent_has_seen(span, r):
    """A parent of 14 examples, and 7 new ones: twice as much, unless less is let count."""
    old, model = pair()
    new = Examples(X, Y, model.classes)
    values = []
    for own in (span, None):
        method, kept = CKCA(features=1.0, answers=1.0, span=own), {"seen": torch.tensor(14)}
        (phase,) = method.plan([Phase("train", new, SETTINGS)], model, context(new, old, kept))
        outputs = Outputs(X - 0.3, old(X).detach())
        step = Step(model, Batch(X, Y), torch.Generator(), parent=lambda outputs=outputs: outputs)
        values.append(torch.stack([phase.terms[name](step) for name in ("featreg", "adakd")]))
    torch.testing.assert_close(values[0], r * values[1])


@pytest.mark.parametrize(
    ("span", "times"), [(10.0, 0.5 / (1 + 2 * 1.5)), (1.2, 0.5 / (1 + 1.2 * 1.5)), (None, 0.5 / (1 + 1.5))]
)
def test_a_step_is_no_longer_for_an_older_parent(span, times):
    """A parent of 14 examples, and 7 new ones: it counts twice, or as much as it may."""
    old, model = pair()
    new, method = Examples(X, Y, model.classes), CKCA(answers=0.5, span=span, slowing=1.5, rate=0.5)
    given = context(new, old, {"seen": torch.tensor(14)})
    (phase,) = method.plan([Phase("train", new, SETTINGS)], model, given)
    assert phase.settings.lr == pytest.approx(times * SETTINGS.lr)


def test_what_is_counted_travels_and_a_parent_that_nobody_counted_counts_as_much_as_the_new():
    method = CKCA()
    first = begun(method)
    second, _ = update(first, NEW, SETTINGS, SEED)
    assert (int(first.kept["ckca/seen"]), int(second.kept["ckca/seen"])) == (90, 180)
    foreign, _ = update(begun(WarmStart()), clouds("ab", 2), SETTINGS, SEED, method=method)
    assert int(foreign.kept["ckca/seen"]) == 120  # 60 that arrived, and as many for a parent of 90 nobody counted


def test_averaged_alone_three_portions_count_alike():
    """Each update's mean is that of the parent, r times, and of what the portion led to, once."""
    method, portions = replace(OFF, average=1.0), [clouds("abc", seed) for seed in (2, 3)]
    parent = begun(method)
    for r, new in zip((1, 2), portions, strict=True):
        child, _ = update(parent, new, SETTINGS, SEED)
        alone, _ = update(parent, new, SETTINGS, SEED, method=OFF)
        for name, before in parent.model.named_parameters():
            expected = (r * before + alone.model.get_parameter(name)) / (r + 1)
            torch.testing.assert_close(child.model.get_parameter(name), expected)
        parent = child


def test_what_counts_nothing_keeps_nothing():
    assert dict(begun(OFF).kept) == dict(begun(CKCA(span=None)).kept) == {}


def test_a_number_is_left_when_examples_are_forgotten():
    learner = begun(CKCA())
    assert learner.chain.forget(learner.kept, NEW, learner.model) == dict(learner.kept)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"features": -1.0}, "features must be >= 0, got -1.0"),
        ({"form": "l1"}, "form must be one of cosine, l2, smooth_l1, through_head, got 'l1'"),
        ({"answers": -1.0}, "answers must be >= 0, got -1.0"),
        ({"temperature": 0.0}, "temperature must be > 0, got 0.0"),
        ({"trust": "blind"}, "trust must be one of constant, true_class, .*, got 'blind'"),
        ({"step_out": "back"}, "step_out must be one of none, head, shrink, fresh, got 'back'"),
        ({"slowing": -1.0}, "slowing must be >= 0, got -1.0"),
        ({"rate": 0.0}, "rate must be > 0, got 0.0"),
        ({"average": 1.1}, r"average must be in \[0, 1\], got 1.1"),
        ({"span": 0.0}, "span must be > 0 or left out, got 0.0"),
    ],
)
def test_values_out_of_range_are_refused(fields, told):
    with pytest.raises(InputError, match=told):
        CKCA(**fields)
