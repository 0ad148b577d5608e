"""Soft targets ask only for what has to change: their values by hand, and the paper's loop."""

from __future__ import annotations

import copy

import pytest
import torch
from tests.conformance.scenarios import SCENARIOS, clouds
from tests.conformance.specimens import life
from tests.methods.walks import RATE, SEED, SETTINGS, assert_same_parameters, batches, begun, grown, seen_by
from tests.reference import soft_targets as reference

from onward.engine.update import planned, update
from onward.methods.soft_targets import SoftTargets, soft_targets
from onward.methods.warm_start import WarmStart

MIXED = clouds("abcde", 2, shift=0.5)  # 150 examples: old classes and new ones


def counted(old, c):
    return torch.zeros(old, c), torch.zeros(old)


def test_a_new_class_keeps_what_the_model_says_of_the_others():
    """Likeliest is another: that one is asked for 1/3, the true one for 1, the third as it is."""
    u = soft_targets(torch.tensor([[0.2, 0.7, 0.1]]), torch.tensor([2]), *counted(2, 3))
    torch.testing.assert_close(u, torch.tensor([[0.2, 1 / 3, 1.0]]))


def test_where_the_model_is_right_the_true_class_is_asked_for_one():
    u = soft_targets(torch.tensor([[0.2, 0.1, 0.7]]), torch.tensor([2]), *counted(2, 3))
    torch.testing.assert_close(u, torch.tensor([[0.2, 0.1, 1.0]]))


def test_an_old_class_has_the_mean_of_what_was_right_before_and_of_nothing_the_same_for_all():
    sums, counts = counted(2, 3)
    first = torch.tensor([[0.6, 0.3, 0.1], [0.8, 0.1, 0.1], [0.2, 0.3, 0.5]])
    u = soft_targets(first, torch.tensor([0, 0, 0]), sums, counts)
    torch.testing.assert_close(u[:2], torch.tensor([[1, 1 / 3, 1 / 3]] * 2))
    torch.testing.assert_close(sums, torch.tensor([[1.4, 0.4, 0.2], [0, 0, 0]]))
    assert counts.tolist() == [2, 0]  # the third was wrong
    u = soft_targets(torch.tensor([[0.1, 0.2, 0.7]]), torch.tensor([0]), sums, counts)
    torch.testing.assert_close(u, torch.tensor([[1.0, 0.2, 1 / 3]]))


def test_fifty_steps_are_those_of_the_reference():
    parent = begun(WarmStart())
    child, record = update(parent, MIXED, SETTINGS, SEED, method=SoftTargets())
    model = grown(parent, MIXED)
    start = copy.deepcopy(model)
    reference.soft_targets(model, batches(seen_by(model, MIXED)), 3, **RATE)
    assert record.phases[0].terms == ("cross_entropy",) and record.cost.steps > 50
    assert_same_parameters(child.model, model, start)


def test_the_first_update_has_plain_targets():
    ours, plain = (begun(method).model.state_dict() for method in (SoftTargets(), WarmStart()))
    assert all(torch.equal(ours[name], plain[name]) for name in ours)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_its_loss_is_finite_and_never_below_zero(scenario):
    record = life(SoftTargets(), scenario).updated
    assert all(value > 0 for value in record.phases[0].curve["cross_entropy"])


def test_a_dry_run_names_its_term():
    (phase,) = planned(begun(WarmStart()), MIXED, SETTINGS, method=SoftTargets())
    assert phase.terms == ("cross_entropy",)
