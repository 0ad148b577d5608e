"""What holds of every update: the parent is untouched, the same seed gives the same bits, what is kept is plain."""

from __future__ import annotations

import copy
import dataclasses
import random

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from tests.conformance.scenarios import SCENARIOS, SETTINGS
from tests.conformance.specimens import SPECIMENS, SUBJECTS, Onlooker, bits, differing, life, reloaded

from onward.context import Context
from onward.engine.update import update
from onward.learner import Learner
from onward.method import Method
from onward.types import aligned, in_order, present

pytestmark = [
    pytest.mark.parametrize("scenario", SCENARIOS),
    pytest.mark.parametrize("name", SUBJECTS),
]


def solves(name):
    """Whether a method's second update takes no step, for a reason that its specimen gives."""
    return name in SPECIMENS and bool(SPECIMENS[name].solves)


def test_the_parent_is_untouched_bit_for_bit(name, scenario):
    parent = copy.deepcopy(life(SUBJECTS[name], scenario).parent)
    parent.model.train().requires_grad_(False)
    before, data = bits(parent), SCENARIOS[scenario].second
    inputs = torch.cat([batch.inputs for batch in in_order(data)]).clone()
    child, _ = update(parent, data, SETTINGS, seed=4)
    assert differing(before, bits(parent)) == []
    assert all(module.training for module in parent.model.modules())
    assert not any(p.requires_grad or p.grad is not None for p in parent.model.parameters())
    assert torch.equal(inputs, torch.cat([batch.inputs for batch in in_order(data)]))
    assert not any(module.training for module in child.model.modules())
    assert all(p.requires_grad and p.grad is None for p in child.model.parameters())


def test_models_and_what_is_kept_share_no_memory(name, scenario):
    """Else a version that someone trains in place would change another, or what its own method remembers."""
    parent, child, *_ = life(SUBJECTS[name], scenario)
    assert not places(parent.model.state_dict()) & places(child.model.state_dict())
    assert not places(child.kept) & (places(parent.model.state_dict()) | places(child.model.state_dict()))


def places(tensors):
    """Where the numbers of some tensors lie."""
    return {tensor.untyped_storage().data_ptr() for tensor in tensors.values() if tensor.numel()}


def test_the_same_seed_gives_the_same_bits_whatever_the_global_state_is(name, scenario):
    parent, child, *_ = life(SUBJECTS[name], scenario)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(123)
        before = global_randomness()
        again, _ = update(parent, SCENARIOS[scenario].second, SETTINGS, seed=4)
        assert global_randomness() == before
    other, _ = update(parent, SCENARIOS[scenario].second, SETTINGS, seed=5)
    assert differing(bits(child), bits(again)) == []
    assert (differing(bits(child), bits(other)) == []) == solves(name)


def global_randomness():
    """The state of every generator that belongs to nobody: torch's, numpy's and Python's."""
    of_numpy = np.random.get_state()  # noqa: NPY002 - the state that must be left alone
    return torch.get_rng_state().tolist(), of_numpy[1].tolist(), of_numpy[2:], random.getstate()


def test_an_update_of_what_was_saved_is_the_update_bit_for_bit(name, scenario, tmp_path):
    parent, child, *_ = life(SUBJECTS[name], scenario)
    resumed, _ = update(reloaded(parent, tmp_path), SCENARIOS[scenario].second, SETTINGS, seed=4)
    assert resumed.classes == child.classes
    assert resumed.method == child.method
    assert differing(bits(resumed), bits(child)) == []


def test_what_is_kept_is_plain_and_counted(name, scenario, tmp_path):
    _, child, born, updated = life(SUBJECTS[name], scenario)
    for tensor in child.kept.values():
        assert type(tensor) is torch.Tensor
        assert not tensor.requires_grad
        assert tensor.is_contiguous()
        assert tensor.device.type == "cpu"
        assert bool(tensor.isfinite().all())
    save_file(dict(child.kept), tmp_path / "kept.safetensors")
    assert differing(child.kept, load_file(tmp_path / "kept.safetensors")) == []
    header = int.from_bytes((tmp_path / "kept.safetensors").read_bytes()[:8], "little")
    on_disk = (tmp_path / "kept.safetensors").stat().st_size - 8 - header
    assert updated.cost.kept_bytes == on_disk
    assert (born.cost.kept_bytes == 0) == (updated.cost.kept_bytes == 0)


def test_a_dry_run_shows_every_phase_and_trains_nothing(name, scenario):
    parent, _, _, updated = life(SUBJECTS[name], scenario)
    data, dry = SCENARIOS[scenario].second, dataclasses.replace(SETTINGS, steps=0)
    child, record = update(parent, data, dry, seed=4)

    def shown(phases):
        return [(p.name, p.terms, p.examples, p.mixed, p.trained) for p in phases]

    assert shown(record.phases) == shown(updated.phases)
    assert all(p.steps == p.samples == p.epochs == 0 for p in record.phases)
    assert record.cost.samples == record.cost.forward_flops == 0

    model = copy.deepcopy(parent.model)
    model.grow(present(data), seed=4)
    context = Context(aligned(data, model.classes), parent.model, parent.kept, dry, seed=4)
    prepared = parent.chain.prepare(model.eval(), context)
    moved = differing(prepared.state_dict(), child.model.state_dict())
    assert [each for each in moved if not (solves(name) and each.startswith("head."))] == []


def test_the_first_update_needs_no_parent_and_nothing_kept(name, scenario):
    parent = life(SUBJECTS[name], scenario).parent
    assert parent.classes == present(SCENARIOS[scenario].first)
    assert all(bool(tensor.isfinite().all()) for tensor in bits(parent).values())


def test_phases_are_sane(name, scenario):
    """Each term is named and finite, and the record says what was trained."""
    parent = life(SUBJECTS[name], scenario).parent
    onlooker = Onlooker()
    learner = Learner(parent.model, parent.chain | onlooker, parent.kept)
    _, record = update(learner, SCENARIOS[scenario].second, SETTINGS, seed=4)
    assert len(record.phases) == len(onlooker.seen)
    assert (len(record.phases) == record.cost.steps == 0) == solves(name)
    for phase, (planned, before, after) in zip(record.phases, onlooker.seen, strict=True):
        trained = {parameter for parameter in before if planned.trains(parameter)}
        assert phase.terms == tuple(planned.terms) == tuple(phase.curve)
        assert "cross_entropy" in phase.terms
        assert all(np.isfinite(values).all() and len(values) for values in phase.curve.values())
        assert phase.trained == sum(before[parameter].numel() for parameter in trained) > 0
        assert phase.steps > 0
        assert set(differing(before, after)) <= trained
        assert differing(before, after) != []


@dataclasses.dataclass(frozen=True)
class HeldBackbone(Method):
    """Lets nothing but the head move."""

    def plan(self, phases, model, context):
        for phase in phases:
            yield phase.only(lambda parameter: parameter.startswith("head."))


def test_what_a_phase_does_not_train_stays_bit_for_bit(name, scenario):
    """With momentum and weight decay, which move a parameter even where its gradient is zero."""
    parent = life(SUBJECTS[name], scenario).parent
    onlooker = Onlooker()
    learner = Learner(parent.model, parent.chain | HeldBackbone() | onlooker, parent.kept)
    decaying = dataclasses.replace(SETTINGS, weight_decay=0.1)
    child, record = update(learner, SCENARIOS[scenario].second, decaying, seed=4)
    for _, before, after in onlooker.seen:
        assert all(parameter.startswith("head.") for parameter in differing(before, after))
        assert differing(before, after) != []
    held = {each: p for each, p in parent.model.named_parameters() if each.startswith("backbone.")}
    if solves(name):
        assert differing(held, {each: child.model.get_parameter(each) for each in held}) == []
    for phase, (planned, before, _) in zip(record.phases, onlooker.seen, strict=True):
        free = {each: p for each, p in before.items() if planned.trains(each)}
        assert all(each.startswith("head.") for each in free)
        assert phase.trained == sum(p.numel() for p in free.values()) > 0
