"""iCaRL learns by sigmoids beside herded exemplars, and its head is of their means."""

from __future__ import annotations

import copy
import math
from dataclasses import replace

import pytest
import torch
from tests.conformance.scenarios import clouds
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
from tests.reference.icarl import classify, represent

from onward.engine.update import update
from onward.errors import InputError
from onward.methods.icarl import ICaRL, put, rows, sigmoids
from onward.methods.warm_start import WarmStart
from onward.phase import Phase
from onward.step import Outputs, Piece, Step
from onward.types import Batch, Examples

METHOD = ICaRL(size=21, per_batch=7)


def trained(learner):
    """A copy of a learner's model with the rows that were trained in the place of the means."""
    model = copy.deepcopy(learner.model)
    put(model, learner.kept["icarl/weight"], learner.kept["icarl/bias"])
    return model


def test_fifty_steps_are_those_of_the_reference():
    parent = begun(METHOD)
    child, record = update(parent, SECOND, SETTINGS, SEED)
    teacher = trained(parent)
    start, model = (grown(replace(parent, model=teacher)) for _ in range(2))
    x, y = parent.kept["icarl/inputs"], parent.kept["icarl/targets"]
    new = seen_by(model)
    places = orders(Phase("train", new, SETTINGS).mixed(Examples(x, y, model.classes), 7))
    steps = [(torch.cat([new.inputs[n], x[m]]), torch.cat([new.targets[n], y[m]])) for n, m in places]
    represent(model, teacher, 3, steps, **RATE)
    assert record.cost.steps == 50
    assert_same_parameters(trained(child), model, start)


def test_an_example_goes_by_the_nearest_mean_of_exemplars():
    child, _ = update(begun(METHOD), SECOND, SETTINGS, SEED)
    x, y = child.kept["icarl/inputs"], child.kept["icarl/targets"]
    inputs = torch.cat([clouds("abc", 7).inputs, clouds("de", 8).inputs])
    with torch.no_grad():
        features = child.model.features(inputs)
        found = classify(features, [child.model.features(x[y == k]) for k in range(5)])
    assert child.predict(inputs).logits.argmax(dim=1).tolist() == found
    assert len(set(found)) == 5
    torch.testing.assert_close(child.model.head.weight.norm(dim=1), torch.ones(5))
    assert all(block.bias.eq(0).all() for block in child.model.head.blocks)


def test_an_update_goes_on_from_the_rows_that_were_trained():
    parent = begun(METHOD)
    dry, _ = update(parent, SECOND, replace(SETTINGS, steps=0), SEED)
    assert torch.equal(dry.model.head.weight[:3], parent.kept["icarl/weight"])
    assert not torch.equal(parent.model.head.weight, parent.kept["icarl/weight"])


def test_exemplars_are_herded_and_as_many_of_each_class():
    child, _ = update(begun(METHOD), SECOND, SETTINGS, SEED)
    assert sorted(child.kept["icarl/targets"].bincount().tolist()) == [4, 4, 4, 4, 5]
    assert child.kept["icarl/seen"].tolist() == [30] * 5


def term_of(model, parent, targets, fresh, answers):
    """The loss of examples whose logits are all 0, of which the first are new; the parent's logits are given."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
    batch = Batch(torch.eye(4)[: len(targets)], torch.tensor(targets))
    data = Examples(batch.inputs, batch.targets, model.classes)
    pieces = [Piece(data, torch.arange(fresh)), Piece(data, torch.arange(fresh, len(targets)))]
    old = Outputs(batch.inputs, torch.tensor(answers).expand(len(targets), -1))
    step = Step(model, batch, torch.Generator(), lambda: old, pieces=pieces)
    return sigmoids(parent, {})(step)


def test_by_hand_of_even_logits():
    """At g = 1/2 every one of 4 classes costs log 2, whatever is wanted; the slope tells what was."""
    model = regression(4, 4)
    loss = term_of(model, regression(4, 2), [2, 0, 0], 2, [math.log(3), 0.0])
    assert loss.item() == pytest.approx(4 * math.log(2))
    loss.backward()
    slope = 3 * model.head.blocks[0].weight.grad.T[:3]  # g - wanted, for the inputs are unit vectors
    torch.testing.assert_close(slope[0], torch.tensor([-0.25, 0.0, -0.5, 0.5]))  # of a new class: 3/4 and 1/2 answered
    torch.testing.assert_close(slope[1], torch.tensor([-0.5, 0.5, 0.5, 0.5]))  # new, of an old class: its label
    torch.testing.assert_close(slope[2], torch.tensor([-0.25, 0.0, 0.5, 0.5]))  # an exemplar: what was answered


def test_a_class_without_exemplars_keeps_the_direction_of_its_row():
    parent = begun(WarmStart())
    child, _ = update(parent, SECOND, SETTINGS, SEED, method=METHOD)
    weight = child.model.head.weight
    torch.testing.assert_close(weight[:3], torch.nn.functional.normalize(child.kept["icarl/weight"][:3]))
    assert set(child.kept["icarl/targets"].tolist()) == {3, 4}


def test_a_head_without_biases_has_none_to_keep():
    model = regression(4, 3, bias=False)
    assert set(rows(model)) == {"weight"}
    assert "bias" not in METHOD.keep(model, context(FIRST))


@pytest.mark.parametrize("values", [{"size": 0}, {"per_batch": -1}])
def test_values_outside_their_ranges_are_refused(values):
    with pytest.raises(InputError, match=f"{next(iter(values))} must be"):
        ICaRL(**values)
