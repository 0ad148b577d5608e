"""A-GEM takes out of each step what goes against the examples that it keeps."""

from __future__ import annotations

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
    begun,
    context,
    grown,
    orders,
    regression,
    seen_by,
)
from tests.reference.a_gem import a_gem

from onward.context import part
from onward.engine.update import update
from onward.errors import InputError
from onward.memory.exemplars import recalled
from onward.methods.a_gem import AGEM, project
from onward.methods.warm_start import WarmStart
from onward.phase import Mix, Phase
from onward.projection import projected
from onward.step import Step, cross_entropy
from onward.types import Batch, Examples


@pytest.mark.parametrize("per_batch", [5, 100])
def test_fifty_steps_are_those_of_the_reference(per_batch):
    """Of a memory of 3 x 4 examples 5 are dealt in each of the 5 steps of an epoch, or all are taken."""
    method = AGEM(size=4, per_batch=per_batch)
    parent = begun(method)
    child, record = update(parent, SECOND, SETTINGS, SEED)
    model = grown(parent)
    new, memory = seen_by(model), recalled(part(parent.kept, "a_gem"), model.classes)
    assert len(memory) == 12
    phase = Phase("train", new, SETTINGS).aside(Mix.of(memory, per_batch))
    steps = [((new.inputs[a], new.targets[a]), (memory.inputs[b], memory.targets[b])) for a, b in orders(phase)]
    a_gem(model, steps, **RATE)
    assert record.cost.steps == 50
    assert record.cost.samples == 10 * 60 + 50 * min(per_batch, 12), "what it looks at is on the bill"
    assert_same_parameters(child.model, model, grown(parent))


def edited(old: Examples, new: Batch) -> tuple[list[torch.Tensor], list[torch.Tensor], list[torch.Tensor]]:
    """The gradient on a batch before and after the edit, and that on the memory."""
    model = regression(2, 2)
    phase = projected(Phase("train", old, SETTINGS), [old], 10, project)
    (edit,), (mix,) = phase.edits, phase.apart
    memory = Batch(old.inputs, old.targets)
    step = Step(model, new, torch.Generator(), apart={mix: Step(model, memory, torch.Generator())})
    cross_entropy(step).backward()
    parameters = list(model.parameters())
    before = [each.grad.clone() for each in parameters if each.grad is not None]
    edit(step)
    after = [each.grad for each in parameters if each.grad is not None]
    loss = cross_entropy(Step(model, memory, torch.Generator()))
    return before, after, list(torch.autograd.grad(loss, parameters))


def product(one: list[torch.Tensor], other: list[torch.Tensor]) -> float:
    return float(sum((a * b).sum() for a, b in zip(one, other, strict=True)))


def test_in_a_conflict_what_is_left_stands_at_right_angles_to_the_memory():
    """The same inputs under the other labels: whatever helps the one harms the other."""
    inputs, targets = torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.tensor([0, 1])
    before, after, old = edited(Examples(inputs, 1 - targets, ("0", "1")), Batch(inputs, targets))
    assert product(before, old) < -0.1
    assert product(after, old) == pytest.approx(0, abs=1e-6)


def test_without_a_conflict_the_gradient_stays_bit_for_bit():
    inputs, targets = torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.tensor([0, 1])
    before, after, old = edited(Examples(inputs, targets, ("0", "1")), Batch(inputs, targets))
    assert product(before, old) > 0.1
    assert all(map(torch.equal, before, after))


def test_the_memory_has_as_many_of_each_class_of_each_update():
    learner = begun(AGEM(size=2))
    for seed, data in enumerate((FIRST, SECOND), start=1):
        learner, _ = update(learner, data, SETTINGS, seed)
    assert learner.kept["a_gem/targets"].bincount().tolist() == [4, 4, 4, 2, 2]


def test_or_it_is_a_reservoir_of_all_that_came():
    learner = begun(AGEM(memory="reservoir", size=20))
    learner, _ = update(learner, SECOND, SETTINGS, SEED)
    assert len(learner.kept["a_gem/targets"]) == 20
    assert int(learner.kept["a_gem/seen"]) == len(FIRST) + len(SECOND) == 150


def test_of_a_reservoir_fewer_have_passed_by_when_some_are_taken_out():
    method, model = AGEM(memory="reservoir", size=50), regression(2, 3)
    kept = method.keep(model, context(FIRST))
    gone = Examples(kept["inputs"][:7], kept["targets"][:7], model.classes)
    rest = method.forget(kept, gone, model)
    assert (len(rest["targets"]), int(rest["seen"])) == (43, 83)


def test_a_first_update_is_the_warm_start():
    assert differing(begun(AGEM()).model.state_dict(), begun(WarmStart()).model.state_dict()) == []


@pytest.mark.parametrize("values", [{"memory": "ring"}, {"size": -1}, {"per_batch": 0}])
def test_values_outside_their_ranges_are_refused(values):
    with pytest.raises(InputError, match=f"{next(iter(values))} must be"):
        AGEM(**values)
