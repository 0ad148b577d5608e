"""A subspace ensemble trains all corners by one gradient, and the model is their midpoint."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from tests.conformance.specimens import differing
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
    seen_by,
)
from tests.reference.subspace import corners_of
from tests.reference.subspace_ensemble import subspace_ensemble

from onward.context import part
from onward.engine.update import update
from onward.errors import InputError
from onward.method import Chain
from onward.methods.subspace_ensemble import SubspaceEnsemble
from onward.nets.subspace import simplex
from onward.phase import Phase
from onward.rng import generator

METHOD = SubspaceEnsemble(corners=3, spread=0.2, times_corners=False)


def learning(data, corners, pairs=False):
    """The batch, the shares and the pair of corners of each step of an update of ten epochs."""
    steps, every = [], batches(data)
    for index in range(SETTINGS.epochs):
        draws = generator(SEED, "phase", 0, "train", index, "terms")
        for batch in every[5 * index : 5 * index + 5]:
            shares = simplex(corners, draws).float()
            steps.append((batch, shares, torch.randperm(corners, generator=draws)[:2].tolist() if pairs else [0, 0]))
    return steps


def offsets_of(method, parent, model):
    """The corners with which a second update begins."""
    kept = part(parent.kept, method.name)
    return method.around(model, replace(context(SECOND, kept=kept, seed=SEED), path=(method.name,)))


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("decay", [0.0, 0.01])
@pytest.mark.parametrize("diversity", [0.0, 0.5])
def test_fifty_steps_are_those_of_autograd_through_the_sum(momentum, decay, diversity):
    method = replace(METHOD, diversity=diversity)
    parent = begun(method)
    settings = replace(SETTINGS, momentum=momentum, weight_decay=decay)
    child, record = update(parent, SECOND, settings, SEED)
    model = grown(parent)
    corners = corners_of(model, offsets_of(method, parent, model))
    steps = learning(seen_by(model), 3, pairs=diversity > 0)
    subspace_ensemble(model, corners, steps, diversity, lr=SETTINGS.lr, momentum=momentum, decay=decay)
    assert record.cost.steps == len(steps) == 50
    assert record.cost.samples == 10 * 60
    assert_same_parameters(child.model, model, grown(parent))
    middle = dict(model.named_parameters())
    for name, offset in part(part(child.kept, "subspace_ensemble"), "corners").items():
        theirs = torch.stack([corner[name] for corner in corners]).detach() - middle[name].detach()
        torch.testing.assert_close(offset, theirs, rtol=1e-3, atol=1e-5)


def test_with_its_rate_times_the_corners_a_step_moves_the_midpoint_as_one_model_at_the_point_would():
    """From corners in one place the point is that place, and the corners' mean moves by n η ḡ with ḡ = g / n."""
    parent = begun(Chain())
    settings = replace(SETTINGS, momentum=0.0, steps=1)
    one, _ = update(parent, SECOND, settings, SEED)
    many, _ = update(parent, SECOND, settings, SEED, method=SubspaceEnsemble(corners=5, spread=0.0))
    assert_same_parameters(many.model, one.model, grown(parent))


def test_before_the_first_step_the_model_is_where_it_was_with_corners_around_it():
    parent = begun(Chain())
    start, _ = update(parent, SECOND, replace(SETTINGS, steps=0), SEED, method=METHOD)
    assert differing(start.model.state_dict(), grown(parent).state_dict()) == []
    weight = start.model.get_parameter("backbone.layers.1.weight").detach()
    offsets = start.kept["subspace_ensemble/corners/backbone.layers.1.weight"]
    assert offsets.shape == (3, *weight.shape)
    torch.testing.assert_close(offsets.sum(0), torch.zeros_like(weight), rtol=0, atol=1e-6)
    # of n draws less their mean the variance is (n - 1) / n: that of 96 numbers, give or take a quarter
    assert float((offsets / weight).square().mean().sqrt()) == pytest.approx(0.2 * (2 / 3) ** 0.5, rel=0.25)


def test_corners_come_back_where_they_were_and_another_number_of_them_is_spread_anew():
    parent = begun(METHOD)
    kept = part(parent.kept, "subspace_ensemble")
    model = grown(parent)
    same, other = (offsets_of(replace(METHOD, corners=n), parent, model) for n in (3, 4))
    name = "backbone.layers.1.weight"
    assert torch.equal(same[name], kept[f"corners/{name}"])
    assert other[name].shape == (4, *model.get_parameter(name).shape)
    assert same["head.blocks.1.weight"].abs().max() > 0


def test_the_corners_predict_the_mean_of_their_logits_and_the_midpoint_its_own():
    learner = begun(METHOD)
    inputs, offsets = FIRST.inputs[:7], part(part(learner.kept, "subspace_ensemble"), "corners")
    assert torch.equal(learner.predict(inputs).logits, learner.model(inputs).detach())
    averaged = replace(METHOD, prediction="corners").predict(
        learner.model, inputs, part(learner.kept, "subspace_ensemble")
    )
    logits = []
    for corner in corners_of(learner.model, offsets):
        net = grown(learner, FIRST)
        net.load_state_dict({**net.state_dict(), **{name: leaf.detach() for name, leaf in corner.items()}})
        logits.append(net(inputs))
    torch.testing.assert_close(averaged, torch.stack(logits).mean(0))
    assert not torch.equal(averaged, learner.model(inputs))


def test_a_corner_pushed_apart_ends_further_from_the_others():
    apart, plain = (begun(replace(METHOD, spread=0.01, diversity=beta)) for beta in (1.0, 0.0))

    def width(learner):
        return sum(float(each.square().sum()) for each in learner.kept.values())

    assert width(apart) > 2 * width(plain)


@pytest.mark.parametrize("asked", [{"optimiser": "adamw"}, {"nesterov": True}])
def test_another_optimiser_is_refused_before_anything_is_trained(asked):
    name = next(name for name in ("nesterov", "adamw") if name in str(asked))
    with pytest.raises(InputError, match=f"phase 'train' asks for {name}. Set optimiser to sgd"):
        list(METHOD.plan([Phase("train", SECOND, replace(SETTINGS, **asked))], grown(begun(Chain())), context(SECOND)))


@pytest.mark.parametrize("values", [{"corners": 0}, {"spread": -1.0}, {"diversity": -1.0}, {"prediction": "best"}])
def test_values_outside_their_ranges_are_refused(values):
    with pytest.raises(InputError, match=f"{next(iter(values))} must be"):
        SubspaceEnsemble(**values)


def test_the_rate_is_that_of_the_run_times_the_corners():
    assert RATE["lr"] == SETTINGS.lr
    model = grown(begun(Chain()))
    phases = [Phase("train", SECOND, SETTINGS)]
    (phase,) = replace(METHOD, corners=4, times_corners=True).plan(phases, model, context(SECOND))
    assert phase.settings.lr == pytest.approx(4 * SETTINGS.lr)
