"""Old rows stand still, bit for bit, under momentum, weight decay and AdamW; all else moves."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from tests.conformance.scenarios import clouds
from tests.conformance.specimens import differing
from tests.methods.walks import FIRST, RATE, SECOND, SEED, SETTINGS, batches, begun, grown, seen_by
from tests.reference.freeze_old_rows import freeze_old_rows

from onward.engine.update import update
from onward.methods.freeze_old_rows import FreezeOldRows
from onward.methods.warm_start import WarmStart


@pytest.mark.parametrize("optimiser", ["sgd", "adamw"])
def test_old_rows_stay_bit_for_bit_and_all_else_moves(optimiser):
    settings = replace(SETTINGS, optimiser=optimiser, weight_decay=0.1, lr=0.01)
    parent = begun(FreezeOldRows())
    child, record = update(parent, SECOND, settings, SEED)
    for name, parameter in parent.model.named_parameters():
        assert torch.equal(child.model.get_parameter(name), parameter) == name.startswith("head."), name
    new = sum(parameter.numel() for parameter in child.model.head.blocks[1].parameters())
    backbone = sum(parameter.numel() for parameter in child.model.backbone.parameters())
    assert record.phases[0].trained == new + backbone


def test_fifty_steps_are_those_of_the_reference():
    parent = begun(WarmStart())
    child, _ = update(parent, SECOND, SETTINGS, SEED, method=FreezeOldRows())
    model = grown(parent)
    freeze_old_rows(model, batches(seen_by(model)), 3, **RATE)
    for name, parameter in child.model.named_parameters():
        torch.testing.assert_close(parameter, model.get_parameter(name), rtol=1e-3, atol=1e-5)


def test_after_two_growths_all_rows_but_the_newest_stand_still():
    parent, _ = update(begun(FreezeOldRows()), SECOND, SETTINGS, SEED)
    child, _ = update(parent, clouds("f", 3), SETTINGS, SEED)
    assert all(
        torch.equal(new.weight, old.weight)
        for new, old in zip(child.model.head.linears, parent.model.head.linears, strict=False)
    )


def test_the_first_update_is_the_warm_start():
    ours, plain = (begun(method).model.state_dict() for method in (FreezeOldRows(), WarmStart()))
    assert all(torch.equal(ours[name], plain[name]) for name in ours)


def test_without_new_classes_it_is_the_warm_start():
    parent = begun(FreezeOldRows())
    ours, theirs = (update(parent, FIRST, SETTINGS, SEED, method=each)[0] for each in (FreezeOldRows(), WarmStart()))
    assert differing(ours.model.state_dict(), theirs.model.state_dict()) == []
