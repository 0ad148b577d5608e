"""The asymmetric cross-entropy tells new examples apart among their classes, and rehearsed ones among all."""

from __future__ import annotations

import math

import pytest
import torch
from tests.conformance.specimens import differing
from tests.methods.walks import (
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
from tests.reference.ace import ace

from onward.catalogue import parsed
from onward.engine.update import update
from onward.errors import InputError
from onward.methods.ace import ACE, asymmetric
from onward.methods.replay import Replay
from onward.methods.soft_targets import SoftTargets
from onward.methods.warm_start import WarmStart
from onward.phase import Phase
from onward.step import Piece, Step
from onward.types import Batch, Examples


@pytest.mark.parametrize("first", [True, False], ids=["ace before", "ace behind"])
def test_fifty_steps_are_those_of_the_reference(first):
    """Two classes come to three: of a batch 6 · 2 / 3 = 4 are rehearsed with the 6 of the memory."""
    replay = Replay(size=20, per_batch=6)
    parent = begun(ACE() | replay if first else replay | ACE())
    child, record = update(parent, SECOND, SETTINGS, SEED)
    model = grown(parent)
    x, y = parent.kept["replay/inputs"], parent.kept["replay/targets"]
    new = seen_by(model)
    rows = orders(Phase("train", new, SETTINGS).mixed(Examples(x, y, model.classes), 6))
    ace(model, [((new.inputs[n], new.targets[n]), 4, (x[old], y[old])) for n, old in rows], **RATE)
    assert record.cost.steps == 50
    assert_same_parameters(child.model, model, grown(parent))


def step(model, targets, fresh):
    """A batch of which the first are new; of the identity, so that the logits are the weights' columns."""
    targets = torch.tensor(targets)
    data = Examples(torch.eye(4)[: len(targets)], targets, model.classes)
    pieces = [Piece(data, torch.arange(fresh)), Piece(data, torch.arange(fresh, len(targets)))]
    return Step(model, Batch(data.inputs, targets), torch.Generator(), pieces=pieces)


def test_by_hand_of_even_logits():
    """All logits 0: among the two classes of the batch log 2, among all five log 5."""
    model = regression(4, 5)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
    for ratio in (0.0, 1.0):
        assert asymmetric(ratio)(step(model, [3, 4, 0], 2)).item() == pytest.approx(math.log(2) + math.log(5))
    assert asymmetric(1.0)(step(model, [3, 4, 3], 3)).item() == pytest.approx(math.log(2))
    assert asymmetric(1.0)(step(model, [0, 1], 0)).item() == pytest.approx(math.log(5))


def test_a_new_example_moves_no_row_of_a_class_that_is_not_in_its_batch():
    model = regression(4, 5)
    asymmetric(1.0)(step(model, [3, 4, 4], 3)).backward()
    gradient = model.head.blocks[0].weight.grad
    assert gradient[:3].eq(0).all() and gradient[3:].ne(0).any(dim=1).all()


def test_a_first_update_is_the_warm_start():
    assert differing(begun(ACE()).model.state_dict(), begun(WarmStart()).model.state_dict()) == []


def test_it_is_told_how_many_classes_come_to_how_many():
    parent = begun(ACE())
    (phase,) = ACE().plan(
        [Phase("train", SECOND, SETTINGS)], grown(parent), context(seen_by(grown(parent)), parent.model)
    )
    logits = step(regression(4, 5), [3, 4, 0, 1], 2)
    assert torch.equal(phase.terms["cross_entropy"](logits), asymmetric(2 / 3)(step(regression(4, 5), [3, 4, 0, 1], 2)))


def test_it_is_found_under_the_name_of_its_paper():
    assert parsed("er_ace") == Replay() | ACE()


def test_a_second_method_that_chooses_the_loss_is_refused():
    with pytest.raises(InputError, match="has another loss in its place"):
        update(begun(ACE() | SoftTargets()), SECOND, SETTINGS, SEED)
