"""MC-SGD learns, and then seeks a point from which straight lines of low loss lead to the old weights and the new."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
import torch
from tests.conformance.specimens import differing
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
from tests.reference.mc_sgd import mc_sgd

from onward.catalogue import parsed
from onward.engine.update import planned, update
from onward.errors import InputError
from onward.method import Method
from onward.methods.mc_sgd import MCSGD
from onward.methods.warm_start import WarmStart

METHOD = MCSGD(per_class=4, mix=0.3, points=3, connect_lr=0.1, connect_epochs=4, connect_batch=3)


@pytest.mark.parametrize(("clip", "new"), [(None, None), (0.2, None), (None, 7)])
def test_both_phases_are_those_of_the_reference(clip, new):
    """Three classes of four kept are four batches of three, four times, beside as many of the new classes."""
    parent = begun(replace(METHOD, connect_clip=clip, connect_new=new))
    child, record = update(parent, SECOND, SETTINGS, SEED)
    model, context = grown(parent), context_of(parent, "mc_sgd")
    lines = [(old, new) for _, old, new in connecting(context, new or 4, 4, 3)]
    assert [phase.steps for phase in record.phases] == [50, len(lines)] == [50, 16]
    mc_sgd(model, batches(seen_by(model)), weights_before(parent), 0.3, 3, lines, 1, RATE, 0.1, clip)
    assert_same_parameters(child.model, model, grown(parent))


def test_every_point_of_both_lines_is_on_the_bill():
    """Of 12 kept in an epoch 3 points each, and as many new beside them, four times; and 10 x 60 to learn."""
    _, record = update(begun(METHOD), SECOND, SETTINGS, SEED)
    assert record.phases[1].samples == 4 * 3 * (12 + 12)
    assert record.cost.samples == 600 + record.phases[1].samples


@pytest.mark.parametrize(("mix", "end"), [(1.0, "before"), (0.0, "found")])
def test_with_a_rate_of_next_to_nothing_it_stays_where_connecting_starts(mix, end):
    parent = begun(METHOD)
    still = replace(METHOD, mix=mix, connect_lr=1e-9)
    child, _ = update(parent, SECOND, SETTINGS, SEED, method=still)
    warm, _ = update(parent, SECOND, SETTINGS, SEED, method=WarmStart())
    there = warm.model if end == "found" else parent.model
    name = "backbone.layers.1.weight"
    torch.testing.assert_close(child.model.get_parameter(name), there.get_parameter(name), rtol=0, atol=1e-6)
    new_rows = "head.blocks.1.weight"  # which have no place before
    torch.testing.assert_close(
        child.model.get_parameter(new_rows), warm.model.get_parameter(new_rows), rtol=0, atol=1e-6
    )


def test_straight_through_leaves_out_the_factor_of_the_chain_rule():
    """At t = 1 alone there is none to leave out; with the point at t = 1/2 too, the walk is another."""
    parent = begun(METHOD)
    for points, same in ((1, True), (2, False)):
        exact, straight = (
            update(parent, SECOND, SETTINGS, SEED, method=replace(METHOD, points=points, straight_through=given))[0]
            for given in (False, True)
        )
        assert (differing(exact.model.state_dict(), straight.model.state_dict()) == []) == same


def test_the_sum_weighs_the_past_by_the_number_of_updates_and_the_mean_does_not():
    looks = [list(MCSGD(points=2).on_lines(past)) for past in (1.0, 5.0)]
    assert [[look.weight for look in each] for each in looks] == [[0.5, 0.5, 0.5, 0.5], [2.5, 0.5, 2.5, 0.5]]
    learner = begun(METHOD)
    for seed in (1, 2):
        learner, _ = update(learner, SECOND, SETTINGS, seed)
    assert int(learner.kept["mc_sgd/updates"]) == 3


def test_the_memory_has_as_many_of_each_class_of_each_update():
    learner, _ = update(begun(METHOD), FIRST, SETTINGS, SEED)
    learner, _ = update(learner, SECOND, SETTINGS, SEED)
    assert learner.kept["mc_sgd/targets"].bincount().tolist() == [8, 8, 8, 4, 4]


def test_a_first_update_connects_nothing():
    assert [phase.name for phase in planned(begun(METHOD), SECOND, SETTINGS)] == ["train", "connect"]
    assert differing(begun(METHOD).model.state_dict(), begun(WarmStart()).model.state_dict()) == []


@pytest.mark.parametrize(
    "values",
    [
        {"per_class": -1},
        {"mix": 1.1},
        {"points": 0},
        {"connect_lr": 0.0},
        {"connect_epochs": 0},
        {"connect_batch": 0},
        {"connect_new": 0},
        {"connect_clip": 0.0},
    ],
)
def test_values_outside_their_ranges_are_refused(values):
    with pytest.raises(InputError, match=f"{next(iter(values))} must be"):
        MCSGD(**values)


@dataclass(frozen=True)
class Following(Method):
    """Counts the places that it is shown."""

    places: list

    def plan(self, phases, model, context):
        for phase in phases:
            yield phase.followed(lambda model: self.places.append(1))


def test_who_followed_what_was_learned_does_not_follow_the_connecting():
    """Before it in the chain it is shown 1 + 50 places; behind it, it asked to follow both phases."""
    parent, learned, both = begun(METHOD), [], []
    _, record = update(parent, SECOND, SETTINGS, SEED, method=Following(learned) | METHOD)
    update(parent, SECOND, SETTINGS, SEED, method=METHOD | Following(both))
    steps = [phase.steps for phase in record.phases]
    assert len(learned) == 1 + steps[0]
    assert len(both) == 2 + sum(steps)


@pytest.mark.parametrize(
    "learning", ["replay(draw='mir', candidates=20, per_batch=4)", "der(labels=0.5)", "a_gem", "sam", "replay"]
)
def test_what_was_learned_from_has_no_part_in_the_connecting(learning):
    """Its steps, and the examples that go through in them, are as many as without it."""
    chain = parsed(learning) | METHOD
    parent = begun(chain)
    _, record = update(parent, SECOND, SETTINGS, SEED)
    _, alone = update(begun(METHOD), SECOND, SETTINGS, SEED)
    (connect,) = (phase for phase in record.phases if phase.name == "connect")
    (wanted,) = (phase for phase in alone.phases if phase.name == "connect")
    assert connect.samples == wanted.samples > 0
    assert connect.steps == wanted.steps
