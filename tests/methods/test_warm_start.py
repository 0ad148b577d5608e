"""The warm start is the loop that everyone writes."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from tests.methods.walks import RATE, SECOND, SEED, SETTINGS, assert_same_parameters, batches, begun, grown, seen_by
from tests.reference.warm_start import warm_start
from torch.nn import functional as F

from onward.engine.update import update
from onward.method import Chain
from onward.methods.warm_start import WarmStart

OPTIMISERS = {
    "sgd": (
        replace(SETTINGS, weight_decay=1e-3),
        lambda p: torch.optim.SGD(p, lr=SETTINGS.lr, momentum=0.9, weight_decay=1e-3),
    ),
    "nesterov": (
        replace(SETTINGS, nesterov=True),
        lambda p: torch.optim.SGD(p, lr=SETTINGS.lr, momentum=0.9, nesterov=True),
    ),
    "adamw": (
        replace(SETTINGS, optimiser="adamw", weight_decay=0.1),
        lambda p: torch.optim.AdamW(p, lr=SETTINGS.lr, weight_decay=0.1),
    ),
}


@pytest.mark.parametrize("kind", OPTIMISERS)
def test_it_is_a_plain_torch_loop(kind):
    settings, optimiser = OPTIMISERS[kind]
    parent = begun(WarmStart())
    child, record = update(parent, SECOND, settings, SEED)
    model = grown(parent)
    steps, descent = batches(seen_by(model)), optimiser(model.parameters())
    for x, y in steps:
        descent.zero_grad()
        F.cross_entropy(model(x), y).backward()
        descent.step()
    assert record.cost.steps == len(steps) == 50
    assert_same_parameters(child.model, model, grown(parent))


def test_fifty_steps_are_those_of_the_reference():
    parent = begun(WarmStart())
    child, _ = update(parent, SECOND, SETTINGS, SEED)
    model = grown(parent)
    warm_start(model, batches(seen_by(model)), **RATE)
    assert_same_parameters(child.model, model, grown(parent))


def test_it_keeps_nothing_and_is_the_identity():
    parent = begun(WarmStart())
    assert dict(parent.kept) == {}
    assert parent.chain == Chain()
