"""Replay's memory is a uniform sample of the past, and it is trained on beside the new data."""

from __future__ import annotations

import pytest
import torch
from tests.conformance.scenarios import images
from tests.methods.walks import (
    FIRST,
    RATE,
    SECOND,
    SEED,
    SETTINGS,
    assert_same_parameters,
    begun,
    context,
    grown,
    orders,
    regression,
    seen_by,
)  # fmt: skip
from tests.reference.replay import mir, replay, update_memory

from onward.engine.update import update
from onward.errors import InputError
from onward.learner import Learner
from onward.method import Method
from onward.methods.replay import Replay
from onward.phase import Mix, Phase
from onward.rng import generator
from onward.types import Examples, aligned

MODEL = regression(1, 2)


def numbered(first, count):
    """Examples of which each input is its own number."""
    return Examples(torch.arange(first, first + count)[:, None], torch.zeros(count, dtype=torch.int64), MODEL.classes)


def kept_after(method: Method, *arrivals, seed=0):
    kept = {}
    for number, new in enumerate(arrivals):
        kept = method.keep(MODEL, context(new, kept=kept, seed=100 * seed + number))
    return kept


def test_every_example_ever_seen_is_kept_with_the_same_probability():
    """Twenty examples in two arrivals, five kept: each in a quarter of 400 runs, give or take 4 sigma."""
    runs, probability = 400, 5 / 20
    counts = torch.zeros(20)
    for seed in range(runs):
        kept = kept_after(Replay(size=5), numbered(0, 12), numbered(12, 8), seed=seed)
        counts[kept["inputs"][:, 0]] += 1
    sigma = (runs * probability * (1 - probability)) ** 0.5
    assert counts.sum() == 5 * runs
    assert (counts - runs * probability).abs().max() < 4 * sigma


@pytest.mark.parametrize(("size", "held"), [(0, 0), (3, 3), (9, 9), (10, 10), (11, 10)])
def test_it_keeps_what_fits_and_counts_what_it_has_seen(size, held):
    kept = kept_after(Replay(size=size), numbered(0, 6), numbered(6, 4))
    inputs = kept.get("inputs", torch.zeros(0, 1))
    assert len(inputs) == held
    assert len(set(inputs[:, 0].tolist())) == held
    assert int(kept["seen"]) == 10


def test_a_memory_that_is_made_smaller_drops_what_no_longer_fits():
    kept = kept_after(Replay(size=8), numbered(0, 10))
    smaller = Replay(size=3).keep(MODEL, context(numbered(10, 2), kept=kept))
    assert len(smaller["inputs"]) == 3
    assert set(smaller["inputs"][:, 0].tolist()) <= {*kept["inputs"][:, 0].tolist(), 10, 11}


def test_bytes_stay_bytes():
    kept = Replay(size=5).keep(MODEL, context(images("ab", 1)))
    assert kept["inputs"].dtype == torch.uint8
    assert kept["inputs"].shape == (5, 1, 4, 4)


def test_exemplars_keep_their_names_when_classes_come():
    learner, _ = update(begun(Replay(size=30)), SECOND, SETTINGS, SEED)
    true = {}
    for data in (FIRST, SECOND):
        for x, y in zip(data.inputs.tolist(), data.targets.tolist(), strict=True):
            true[tuple(x)] = data.classes[y]
    inputs, targets = learner.kept["replay/inputs"].tolist(), learner.kept["replay/targets"].tolist()
    assert [learner.classes[y] for y in targets] == [true[tuple(x)] for x in inputs]
    assert {learner.classes[y] for y in targets} >= {"a", "d"}


def plan_of(method, memory_size, new):
    kept = kept_after(Replay(size=memory_size), numbered(0, 50)) if memory_size else {}
    (phase,) = method.plan([Phase("train", new, SETTINGS)], MODEL, context(new, kept=kept))
    return phase


@pytest.mark.parametrize(("memory", "per_batch", "beside"), [(20, 8, 8), (5, 8, 5), (20, 0, 0), (0, 8, 0)])
def test_beside_every_batch_come_as_many_as_asked_but_no_more_than_there_are(memory, per_batch, beside):
    phase = plan_of(Replay(per_batch=per_batch), memory, numbered(50, 30))
    assert sum(mix.size for mix in phase.mixes) == beside


def test_each_exemplar_comes_equally_often_to_within_one_an_epoch():
    """Per epoch of 30 new examples in batches of 12: three batches with 4 of 5 exemplars, so each 2 or 3 times."""
    phase = plan_of(Replay(per_batch=4), 5, numbered(50, 30))
    steps = orders(phase)
    assert len(steps) == 3 * SETTINGS.epochs
    for start in range(0, len(steps), 3):
        counts = torch.cat([rows for _, rows in steps[start : start + 3]]).bincount(minlength=5)
        assert set(counts.tolist()) <= {2, 3}


def test_fifty_steps_are_those_of_the_reference():
    method = Replay(size=20, per_batch=7)
    parent = begun(method)
    child, record = update(parent, SECOND, SETTINGS, SEED)
    model = grown(parent)
    x, y = parent.kept["replay/inputs"], parent.kept["replay/targets"]
    new, old = seen_by(model), Examples(x, y, model.classes)
    rows = orders(Phase("train", new, SETTINGS).mixed(old, 7))
    steps = [((new.inputs[fresh], new.targets[fresh]), beside) for fresh, beside in rows]
    replay(model, steps, list(zip(x, y, strict=True)), **RATE)
    assert record.cost.steps == len(steps) == 50
    assert record.cost.samples == 10 * 60 + 50 * 7
    assert_same_parameters(child.model, model, grown(parent))


def test_the_memory_is_that_of_algorithm_r():
    """Given the order in which the arrivals pass by and a number for each, drawn as the method draws them."""
    method, memory, seen, kept = Replay(size=6), [], 0, {}
    for seed, new in enumerate([numbered(0, 4), numbered(4, 9), numbered(13, 5)]):
        draws = generator(seed, "reservoir")
        order = torch.randperm(len(new), generator=draws)
        uniform = torch.rand(len(new), generator=draws, dtype=torch.float64)
        update_memory(memory, seen, new.inputs[order, 0].tolist(), 6, uniform.tolist())
        kept, seen = method.keep(MODEL, context(new, kept=kept, seed=seed)), seen + len(new)
        assert sorted(kept["inputs"][:, 0].tolist()) == sorted(memory)
        memory = kept["inputs"][:, 0].tolist()  # the places in it are of no account, but both must count them alike


def test_fifty_steps_by_interference_are_those_of_the_reference():
    """Of 16 candidates, dealt from a memory of 20, the 5 whose loss a step on the batch alone would raise most."""
    method = Replay(size=20, per_batch=5, draw="mir", candidates=16)
    parent = begun(method)
    child, record = update(parent, SECOND, SETTINGS, SEED)
    model = grown(parent)
    x, y = parent.kept["replay/inputs"], parent.kept["replay/targets"]
    new, old = seen_by(model), Examples(x, y, model.classes)
    rows = orders(Phase("train", new, SETTINGS).aside(Mix.of(old, 16)))
    steps = [((new.inputs[fresh], new.targets[fresh]), (x[some], y[some]), 5) for fresh, some in rows]
    mir(model, steps, **RATE)
    assert record.cost.samples == 10 * 60 + 50 * (5 + 16)
    assert_same_parameters(child.model, model, grown(parent))


def test_with_no_more_in_memory_than_are_wanted_interference_chooses_nothing():
    for per_batch in (6, 0):
        phase = plan_of(Replay(draw="mir", per_batch=per_batch), 6, numbered(50, 30))
        assert (phase.apart, phase.choices) == ((), ())
        assert sum(mix.size for mix in phase.mixes) == per_batch


def lettered(**counts):
    """So many examples of each class of a regression, each its own number."""
    targets = torch.tensor([int(name[1:]) for name, count in counts.items() for _ in range(count)])
    numbers = 100 * targets + torch.arange(len(targets))
    return Examples(numbers[:, None].float(), targets, ("0", "1", "2"))


@pytest.mark.parametrize("memory", ["balanced", "herding"])
def test_every_class_has_as_many_places_and_what_passed_by_is_counted_by_class(memory):
    method, model = Replay(size=10, memory=memory), regression(1, 3)
    first = method.keep(model, context(lettered(c0=40, c1=2)))
    assert first["targets"].bincount().tolist() == [8, 2]
    second = method.keep(model, context(lettered(c0=5, c2=9), kept=first, seed=1))
    assert second["targets"].bincount().tolist() == [4, 2, 4]
    assert (first["seen"].tolist(), second["seen"].tolist()) == ([40, 2, 0], [45, 2, 9])


def test_a_memory_may_go_over_to_another_way_of_keeping_and_back():
    model, data = regression(1, 3), lettered(c0=30, c1=10)
    uniform = Replay(size=8).keep(model, context(data))
    held = uniform["targets"].bincount(minlength=2)
    even = Replay(size=8, memory="balanced").keep(model, context(lettered(c2=10), kept=uniform, seed=1))
    assert even["seen"].tolist() == [*(40 * held / 8).long().tolist(), 10]
    again = Replay(size=8).keep(model, context(lettered(c2=4), kept=even, seed=2))
    assert (int(again["seen"]), len(again["targets"])) == (54, len(even["targets"]))


def test_of_a_balanced_memory_fewer_of_the_class_have_passed_by_when_some_are_taken_out():
    method, model = Replay(size=10, memory="balanced"), regression(1, 3)
    kept = method.keep(model, context(lettered(c0=20, c1=20)))
    ones = kept["targets"] == 1
    rest = method.forget(kept, Examples(kept["inputs"][ones], kept["targets"][ones], model.classes), model)
    assert (rest["targets"].tolist(), rest["seen"].tolist()) == ([0] * 5, [20, 15, 0])


def test_a_learner_that_begins_to_replay_later_starts_its_memory_then():
    parent = begun(Replay(size=0))
    child, record = update(Learner(parent.model, parent.method, {}), SECOND, SETTINGS, SEED, method=Replay(size=9))
    assert record.phases[0].mixed == 0
    assert len(child.kept["replay/inputs"]) == 9
    assert set(child.kept["replay/targets"].tolist()) <= set(aligned(SECOND, child.classes).targets.tolist())


@pytest.mark.parametrize("values", [{"memory": "ring"}, {"draw": "best"}, {"candidates": 0}])
def test_values_outside_their_ranges_are_refused(values):
    with pytest.raises(InputError, match=f"{next(iter(values))} must be"):
        Replay(**values)


@pytest.mark.parametrize("field", ["size", "per_batch"])
def test_negative_numbers_are_refused(field):
    with pytest.raises(InputError, match=f"{field} must be >= 0, got -1"):
        Replay(**{field: -1})
