"""Subspace-Connectivity learns in a subspace, and then connects it with where it was."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from tests.conformance.scenarios import SCENARIOS
from tests.conformance.specimens import differing, life
from tests.methods.connections import connecting, context_of, weights_before
from tests.methods.walks import (
    FIRST,
    RATE,
    SECOND,
    SEED,
    SETTINGS,
    assert_same_parameters,
    batches,
    begun,
    grown,
    seen_by,
)
from tests.reference.subspace_connectivity import subspace_connectivity

from onward.context import part
from onward.engine.update import planned, update
from onward.errors import InputError
from onward.methods.stable_sgd import StableSGD
from onward.methods.subspace_connectivity import SubspaceConnectivity
from onward.methods.warm_start import WarmStart
from onward.nets.subspace import simplex, spread
from onward.rng import generator

METHOD = SubspaceConnectivity(
    spread=0.1, mix=0.6, per_class=4, draws=2, connect_lr=0.1, connect_epochs=4, connect_batch=3
)


@pytest.mark.parametrize(("clip", "new"), [(None, None), (0.2, None), (None, 7)])
def test_both_phases_are_those_of_the_reference(clip, new):
    """Fifty steps in the subspace of three corners, and sixteen towards both midpoints, of two points each."""
    parent = begun(replace(METHOD, connect_clip=clip, connect_new=new))
    child, record = update(parent, SECOND, SETTINGS, SEED)
    model, context = grown(parent), context_of(parent, METHOD.name)
    learning, every = [], batches(seen_by(model))
    for index in range(SETTINGS.epochs):
        draws = generator(SEED, "phase", 0, "train", index, "terms")
        learning += [(batch, simplex(3, draws).float(), [0, 0]) for batch in every[5 * index : 5 * index + 5]]
    paths = [
        ([simplex(4, draws).float() for _ in range(2)], old, new)
        for draws, old, new in connecting(context, new or 4, 4, 3)
    ]
    subspace_connectivity(
        model,
        METHOD.around(model, context),
        learning,
        weights_before(parent),
        0.6,
        lambda there: spread(there, 3, 0.1, lambda name: context.generator("connect", name)),
        paths,
        1,
        RATE,
        0.1,
        clip,
    )
    assert [phase.steps for phase in record.phases] == [50, len(paths)] == [50, 16]
    assert_same_parameters(child.model, model, grown(parent))


def test_the_shares_of_a_look_and_its_end_are_a_point_of_the_simplex_and_both_ends_have_the_same():
    looks = list(METHOD.anywhere(3.0, generator(0, "looks")))
    assert [(look.anchor, look.part, look.weight) for look in looks] == 2 * [
        ("before", "rest", 1.5),
        ("found", "beside", 0.5),
    ]
    assert torch.equal(looks[0].shares, looks[1].shares) and not torch.equal(looks[0].shares, looks[2].shares)
    assert all(0 < float(look.shares.sum()) < 1 and look.slopes is look.shares for look in looks)
    straight = next(replace(METHOD, straight_through=True).anywhere(1.0, generator(0, "looks")))
    assert straight.slopes.tolist() == [1.0, 1.0, 1.0]


def test_the_corners_that_are_carried_on_are_the_connected_ones():
    """They start around another point than those that learned, with less between them than these had."""
    parent = begun(replace(METHOD, spread=0.5))
    child, _ = update(parent, SECOND, SETTINGS, SEED, method=replace(METHOD, spread=0.0, connect_lr=1e-9))
    offsets = part(part(child.kept, METHOD.name), "corners")
    assert offsets.keys() == {name for name, _ in child.model.named_parameters()}
    assert max(float(each.abs().max()) for each in offsets.values()) < 1e-6


def test_one_corner_and_no_memory_are_the_warm_start_and_a_first_update_connects_nothing():
    plain = begun(SubspaceConnectivity(corners=1, per_class=0))
    assert differing(plain.model.state_dict(), begun(WarmStart()).model.state_dict()) == []
    assert plain.kept == {}
    learner = begun(METHOD)
    assert [phase.name for phase in planned(learner, SECOND, SETTINGS)] == ["train", "connect"]
    assert [phase.name for phase in planned(learner, SECOND, SETTINGS, method=WarmStart())] == ["train"]


def test_a_rate_that_falls_by_update_is_that_of_learning_alone():
    chain = StableSGD(decay=0.5) | METHOD
    parent = begun(chain)
    alone, _ = update(begun(METHOD), SECOND, replace(SETTINGS, lr=SETTINGS.lr / 2), SEED)
    child, _ = update(parent, SECOND, SETTINGS, SEED)
    # the streams of the corners bear the method's name, whatever stands before it
    assert differing(child.model.state_dict(), alone.model.state_dict()) == []


def test_batch_norm_s_statistics_are_those_of_the_midpoint():
    """Of the new data and what was kept, gone through once with the weights as they are."""
    name = "byte images, batch norm"
    learner = life(METHOD, name).child
    norm = next(module for module in learner.model.modules() if isinstance(module, torch.nn.BatchNorm2d))
    conv = next(module for module in learner.model.modules() if isinstance(module, torch.nn.Conv2d))
    kept, new = learner.kept["subspace_connectivity/inputs"][:12], SCENARIOS[name].second.inputs
    seen = (torch.cat([new, kept]).float() / 255 - 0.5) / 0.25
    torch.testing.assert_close(norm.running_mean, conv(seen).mean((0, 2, 3)).detach(), rtol=1e-4, atol=1e-5)


def test_examples_can_be_taken_out_of_the_memory_and_the_corners_stay():
    learner = begun(METHOD)
    kept = part(learner.kept, METHOD.name)
    rest = METHOD.forget(kept, FIRST, learner.model)
    assert rest.keys() == kept.keys() - {"inputs", "targets"}


@pytest.mark.parametrize(
    "values",
    [
        {"corners": 0},
        {"spread": -0.1},
        {"mix": -0.1},
        {"per_class": -1},
        {"draws": 0},
        {"connect_lr": 0.0},
        {"connect_epochs": 0},
        {"connect_batch": 0},
        {"connect_new": 0},
        {"connect_clip": 0.0},
    ],
)
def test_values_outside_their_ranges_are_refused(values):
    with pytest.raises(InputError, match=f"{next(iter(values))} must be"):
        SubspaceConnectivity(**values)
