"""GDumb trains a fresh model on a balanced memory and on nothing else."""

from __future__ import annotations

import random
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
    regression,
)
from tests.reference.gdumb import greedy, learn

from onward.engine.update import update
from onward.errors import InputError
from onward.methods.gdumb import GDumb
from onward.methods.joint import Joint
from onward.nets.zoo import again
from onward.rng import generator
from onward.types import Examples, aligned


def test_fifty_steps_are_those_of_the_reference():
    """Ten examples of each of five classes, in batches of twelve: five steps an epoch."""
    method = GDumb(size=50)
    parent = begun(method)
    child, record = update(parent, SECOND, SETTINGS, SEED)
    start = again(grown(parent), generator(SEED, "gdumb", "weights").initial_seed())
    model = again(grown(parent), generator(SEED, "gdumb", "weights").initial_seed())
    memory = Examples(child.kept["gdumb/inputs"], child.kept["gdumb/targets"], model.classes)
    learn(model, batches(memory), **RATE)
    assert record.cost.steps == 50
    assert_same_parameters(child.model, model, start)


def shares(*portions):
    """How many of five classes a memory of 40 has after portions of so many of each, here and in the paper."""
    draws, memory, kept, method, model = random.Random(0), [], {}, GDumb(size=40), regression(1, 5)
    for seed, counts in enumerate(portions):
        labels = [k for k, count in enumerate(counts) for _ in range(count)]
        draws.shuffle(labels)
        greedy(memory, [(0, y) for y in labels], 40, draws.randrange)
        new = Examples(torch.randn(len(labels), 1, generator=generator(seed)), torch.tensor(labels), model.classes)
        kept = method.keep(model, context(new, kept=kept, seed=seed))
    found = kept["targets"], torch.tensor([y for _, y in memory])
    return [each.bincount(minlength=5).tolist() for each in found]


@pytest.mark.parametrize("portions", [[(50, 30, 20, 0, 0)], [(50, 30, 20, 0, 0), (20, 0, 0, 60, 15)]])
def test_classes_have_the_shares_that_the_greedy_sampler_gives_them(portions):
    ours, theirs = shares(*portions)
    assert sum(ours) == sum(theirs) == 40
    assert all(abs(one - other) <= 1 for one, other in zip(ours, theirs, strict=True))


def test_what_a_rare_class_leaves_the_others_get():
    ours, theirs = shares((50, 30, 6, 0, 0))
    assert ours == [17, 17, 6, 0, 0]
    assert theirs[2] == 6 and sum(theirs) < 40


def test_the_parents_weights_and_what_does_not_fit_into_the_memory_have_no_part_in_it():
    parent = begun(GDumb(size=30))
    other = replace(parent, model=again(parent.model, 99))
    one, two = (update(each, SECOND, SETTINGS, SEED)[0] for each in (parent, other))
    assert differing(one.model.state_dict(), two.model.state_dict()) == []
    kept = {tuple(x) for x in one.kept["gdumb/inputs"].tolist()}
    assert len(kept) == 30
    assert one.kept["gdumb/targets"].bincount().tolist() == [6] * 5


def test_with_room_for_all_it_is_joint_but_for_the_draws():
    _, ours = update(begun(GDumb(size=999)), SECOND, SETTINGS, SEED)
    _, theirs = update(begun(Joint()), SECOND, SETTINGS, SEED)
    assert ours.cost.samples == theirs.cost.samples == 10 * 150


def test_the_whole_memory_is_of_the_examples_that_came():
    child, _ = update(begun(GDumb(size=60)), SECOND, SETTINGS, SEED)
    true = {
        tuple(x): y
        for data in (FIRST, SECOND)
        for x, y in zip(data.inputs.tolist(), aligned(data, child.classes).targets.tolist(), strict=True)
    }
    inputs, targets = child.kept["gdumb/inputs"].tolist(), child.kept["gdumb/targets"].tolist()
    assert [true[tuple(x)] for x in inputs] == targets


def test_a_memory_without_a_place_is_refused():
    with pytest.raises(InputError, match="size must be >= 1, got 0"):
        GDumb(size=0)
