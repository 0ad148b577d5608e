"""From one learner to the next: what comes out, what it cost, and what is left as it was."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.problems import bits, digest, everything, images, learner, seeing, vectors

from onward.context import Context
from onward.engine.evaluate import judge
from onward.engine.update import held_back, planned, settled, update
from onward.learner import Learner
from onward.method import Chain, Method
from onward.methods.ewc import EWC
from onward.methods.joint import Joint
from onward.methods.lwf import LwF
from onward.methods.replay import Replay
from onward.nets.classifier import Classifier
from onward.nets.zoo import fresh
from onward.phase import Phase
from onward.record import Cost
from onward.settings import Settings
from onward.types import Data, Examples, Joined, View, joined

ROOT = Path(__file__).parents[2]
SETTINGS = Settings(epochs=2, batch_size=8, lr=0.05)


@dataclass(frozen=True)
class TwoPhases(Method):
    """Trains the head and then everything, and notes what it saw in between."""

    def plan(self, phases: Iterable[Phase], model: Classifier, context: Context) -> Iterator[Phase]:
        for phase in phases:
            yield replace(phase, name="head").only(lambda name: name.startswith("head"))
            context.scratch["between"] = model.head.blocks[0].weight.detach().clone()
            yield replace(phase, name="all")

    def keep(self, model: Classifier, context: Context) -> dict:
        return {"between": context.scratch["between"], "now": model.head.blocks[0].weight}


def test_an_update_learns_and_grows_the_head_by_name():
    newborn = Learner(fresh("mlp", (2,), seed=0, width=16))
    first, _ = update(newborn, vectors("ab"), replace(SETTINGS, epochs=20))
    second, _ = update(first, vectors("ca", seed=1), replace(SETTINGS, epochs=20))
    assert first.classes == ("a", "b") and second.classes == ("a", "b", "c")
    assert judge(first, vectors("ab", seed=2)).accuracy > 0.9
    assert judge(second, vectors("ac", seed=2)).accuracy > 0.9
    assert newborn.classes == ()


def test_names_without_examples_do_not_grow_the_head():
    data = vectors("ab")
    child, _ = update(learner("ab"), Examples(data.inputs, data.targets, ("a", "b", "z")), SETTINGS)
    assert child.classes == ("a", "b")


@pytest.mark.parametrize("chain", [Chain(), EWC(3.0) | LwF() | Replay(9, 3), Joint() | TwoPhases()])
def test_the_parent_is_left_as_it_was_bit_for_bit(chain):
    parent, _ = update(seeing("ab", chain), images("ab"), SETTINGS)
    parent.model.train()
    parent.model.backbone.layers[1].eval()
    parent.model.head.blocks[0].bias.requires_grad_(False)
    data = images("bc", seed=1)
    before, inputs, targets = everything(parent), data.inputs.clone(), data.targets.clone()
    update(parent, data, replace(SETTINGS, augment=("flip", "cutout"), validation=0.2))
    assert everything(parent) == before
    assert torch.equal(data.inputs, inputs) and torch.equal(data.targets, targets)


def test_a_child_is_at_rest_on_the_cpu_and_free_to_move():
    parent = learner("ab")
    parent.model.requires_grad_(False)
    model = update(parent, vectors("ab"), SETTINGS)[0].model
    assert not any(module.training for module in model.modules())
    assert all(p.requires_grad and p.grad is None and p.device.type == "cpu" for p in model.parameters())


def test_no_step_leaves_the_function_and_runs_through_every_phase():
    parent = seeing("ab", TwoPhases())
    child, record = update(parent, images("bc"), replace(SETTINGS, steps=0))
    assert [(phase.name, phase.steps, phase.epochs) for phase in record.phases] == [("head", 0, 0), ("all", 0, 0)]
    assert record.phases[0].trained < record.phases[1].trained and record.phases[0].curve == {"cross_entropy": ()}
    inputs = images("abc").inputs
    assert torch.equal(child.model(inputs)[:, :2], parent.model(inputs))
    assert child.classes == ("a", "b", "c") and record.cost.samples == record.cost.forward_flops == 0


def test_what_stands_after_a_yield_happens_when_that_phase_has_run():
    parent = learner("ab", TwoPhases())
    child, _ = update(parent, vectors("ab"), SETTINGS)
    head_alone, _ = update(parent, vectors("ab"), SETTINGS, method=OnlyHead())
    assert torch.equal(child.kept["test_update/between"], head_alone.model.head.blocks[0].weight)
    assert not torch.equal(child.kept["test_update/between"], child.kept["test_update/now"])


class OnlyHead(Method):
    def plan(self, phases: Iterable[Phase], model: Classifier, context: Context) -> Iterator[Phase]:
        for phase in phases:
            yield replace(phase, name="head").only(lambda name: name.startswith("head"))


def test_each_phase_has_streams_of_its_own():
    orders = []

    class Twice(Method):
        def plan(self, phases, model, context):
            for phase in phases:
                yield phase.edited(lambda step: orders.append(step.targets.tolist()))
                yield phase.edited(lambda step: orders.append(step.targets.tolist()))

    update(learner("abc"), vectors("abc"), Settings(epochs=2, batch_size=60), method=Twice())
    assert len({tuple(order) for order in orders}) == 4


def test_another_method_may_be_given_and_then_stays():
    child, _ = update(learner("ab", Replay(9)), vectors("ab"), SETTINGS, method=EWC(3.0))
    assert child.method == Chain((EWC(3.0),)) and set(child.kept) >= {"ewc/fisher/head.blocks.0.weight"}
    assert not any(name.startswith("replay") for name in child.kept)


def test_a_dry_run_tells_the_phases_and_changes_nothing():
    parent = seeing("ab", TwoPhases())
    before = everything(parent)
    phases = planned(parent, images("bc"), SETTINGS, seed=1)
    _, record = update(parent, images("bc"), replace(SETTINGS, steps=0), seed=1)
    assert [replace(phase, seconds=0) for phase in phases] == [replace(phase, seconds=0) for phase in record.phases]
    assert [phase.name for phase in planned(parent, images("bc"), method=EWC())] == ["train"]
    assert everything(parent) == before


# The bill


def test_the_bill_is_what_one_counts_by_hand():
    child, record = update(learner("ab", Replay(10, 4)), vectors("ab"), SETTINGS)
    assert record.cost.samples == 2 * 40 and record.cost.steps == 2 * 5  # nothing is in memory yet
    _, record = update(child, vectors("bc", seed=1), SETTINGS)
    samples = 2 * (40 + 5 * 4)
    weights = [2 * 8, 8 * 8, 8 * 3]
    forward, backward = 2 * sum(weights), 2 * sum(weights) + 2 * sum(weights[1:])
    assert (record.cost.samples, record.cost.steps) == (samples, 10)
    assert (record.cost.forward_flops, record.cost.backward_flops) == (samples * forward, samples * backward)
    assert record.cost.kept_bytes == 10 * (2 * 4 + 8) + 8  # ten points and targets, and the count of all seen
    assert record.cost.seconds >= sum(phase.seconds for phase in record.phases) > 0
    assert record.cost.peak_memory > 10**6


def test_the_bill_of_several_phases_is_their_sum():
    _, record = update(learner("ab", TwoPhases()), vectors("ab"), replace(SETTINGS, steps=7))
    assert [phase.steps for phase in record.phases] == [7, 7] and record.cost.steps == 14
    assert record.cost.samples == sum(phase.samples for phase in record.phases) == 14 * 8
    assert Cost() == Cost(0, 0, 0, 0, 0.0, 0, 0)


def test_what_is_kept_is_plain_and_shares_nothing_with_the_model_or_the_data():
    model, new = learner("ab").model, vectors("ab")
    weight = model.head.blocks[0].weight
    kept = settled({"rows": weight[:1], "turned": torch.ones(2, 3).T, "whole": weight, "seen": new.inputs}, model, new)
    before = bits(kept)
    with torch.no_grad():
        weight.add_(1)
        new.inputs.add_(1)
    assert bits(kept) == before
    assert all(tensor.is_contiguous() and not tensor.requires_grad for tensor in kept.values())


# Validation


@given(st.lists(st.integers(0, 30), min_size=1, max_size=4), st.floats(0.05, 0.95), st.integers(0, 3))
def test_held_back_data_is_of_every_class_disjoint_and_covers(counts, share, seed):
    targets = torch.arange(len(counts)).repeat_interleave(torch.tensor(counts))
    n = len(targets)
    data = Examples(torch.arange(n)[:, None].float(), targets, tuple("abcd"[: len(counts)]))
    free = [max(count - 1, 0) for count in counts]  # one example of each class is never taken
    if sum(free) * share < 1 - 1e-9:
        return
    trained, held = held_back(data, share, seed)
    rows = [part.take(torch.arange(len(part))).inputs[:, 0].tolist() for part in (trained, held)]
    assert sorted(rows[0] + rows[1]) == list(range(n)) and not set(rows[0]) & set(rows[1])
    assert len(held) == int(sum(free) * share + 1e-9) and set(trained.targets.tolist()) == set(targets.tolist())
    for label, count in enumerate(free):
        assert abs(int((held.targets == label).sum()) - share * count) < 1 + 1e-9


def test_held_back_rows_are_drawn_anew_with_each_seed_and_nothing_is_held_back_of_nothing():
    data = vectors("ab")
    assert held_back(data, 0.0, 0) == (data, None)
    first, again, other = (held_back(data, 0.5, seed)[1].inputs for seed in (0, 0, 1))
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_held_back_data_is_seen_by_the_method_and_not_trained_on():
    seen = {}

    class Looks(Method):
        def plan(self, phases, model, context):
            seen.update(new=len(context.new), validation=len(context.validation))
            yield from phases

    _, record = update(learner("ab"), vectors("ab"), replace(SETTINGS, validation=0.25), method=Looks())
    assert seen == {"new": 31, "validation": 9}  # a quarter of 38: one of each of the two classes always stays
    assert record.phases[0].examples == 31 and len(record.phases[0].validation) == 2


# Same seed, same bits


CHAIN = EWC(3.0) | LwF() | Replay(9, 3)
AUGMENTED = replace(SETTINGS, augment=("flip", "crop", "cutout"), validation=0.2)


def test_the_same_seed_gives_the_same_bits_and_another_seed_others():
    parent, _ = update(seeing("ab", CHAIN), images("ab"), AUGMENTED, seed=1)
    first, again, other = (update(parent, images("bc", seed=1), AUGMENTED, seed)[0] for seed in (2, 2, 3))
    assert everything(first) == everything(again)
    assert bits(first.model.state_dict()) != bits(other.model.state_dict())


def test_no_global_random_state_is_touched_or_asked():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        states = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()  # noqa: NPY002
        first = digest()
        assert torch.equal(torch.get_rng_state(), states[0])
        torch.manual_seed(2)
        assert digest() == first
    assert np.array_equal(np.random.get_state()[1], states[1]) and random.getstate() == states[2]  # noqa: NPY002


def test_an_update_in_a_fresh_process_gives_the_same_bits():
    program = "import torch; torch.set_num_threads(1); from tests.engine.problems import digest; print(digest())"
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT, env=environment
    )
    assert ran.stdout.strip() == digest()


def in_view(data: Examples) -> Data:
    """The same examples, which lie in another order and among others."""
    order = torch.arange(len(data)).flip(0)
    more = joined(Examples(data.inputs[order], data.targets[order], data.classes), data)
    return View(more, order, data.targets, data.classes)


def in_parts(data: Examples) -> Data:
    half = len(data) // 2
    parts = [Examples(data.inputs[part], data.targets[part], data.classes) for part in (slice(half), slice(half, None))]
    return Joined(tuple(parts), data.targets, data.classes)


@pytest.mark.parametrize("lying", [in_view, in_parts])
@pytest.mark.parametrize("settings", [SETTINGS, AUGMENTED])
def test_data_that_lies_elsewhere_gives_the_same_bits(lying, settings):
    def twice(form) -> Learner:
        first, _ = update(seeing("ab", CHAIN | Joint("parent")), form(images("ab")), settings)
        return update(first, form(images("bc", seed=1)), settings)[0]

    assert everything(twice(lying)) == everything(twice(lambda data: data))


def test_the_ids_that_data_counts_by_do_not_matter():
    data = vectors("abc", seed=1)
    turned = Examples(data.inputs, torch.tensor([1, 2, 0])[data.targets], tuple("cab"))
    first, second = (update(learner("abc"), each, SETTINGS)[0] for each in (data, turned))
    assert everything(first) == everything(second)


def test_an_update_of_the_head_alone_leaves_the_features_as_they_are_bit_for_bit():
    first, _ = update(Learner(fresh("cnn", (1, 8, 8), seed=0, width=4)), images("ab"), SETTINGS)
    second, record = update(first, images("abc", seed=1), replace(SETTINGS, trains="head"))
    # The normalisation's statistics are among them.
    assert bits(second.model.backbone.state_dict()) == bits(first.model.backbone.state_dict())
    assert bits(second.model.head.blocks[0].state_dict()) != bits(first.model.head.blocks[0].state_dict())
    assert record.phases[0].trained == sum(p.numel() for p in second.model.head.parameters())


def test_a_class_under_another_name_trains_the_class_it_means():
    first, _ = update(Learner(fresh("mlp", (2,), seed=0, width=16)), vectors("ab"), SETTINGS)
    first.model.aliases["bee"] = "b"
    data = vectors("ab", seed=1)
    again = Examples(data.inputs, data.targets, ("a", "bee"))
    one, _ = update(first, data, SETTINGS)
    other, _ = update(first, again, SETTINGS)
    assert other.classes == ("a", "b") and bits(one.model.state_dict()) == bits(other.model.state_dict())
    assert judge(one, again).accuracy == judge(one, data).accuracy
