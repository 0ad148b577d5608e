"""What holds of predictions: they are pure, they grow by name, and they do not hang on precision or device."""

from __future__ import annotations

import copy
import dataclasses

import pytest
import torch
from tests.conformance.scenarios import SCENARIOS, SETTINGS, recounted
from tests.conformance.specimens import SUBJECTS, bits, differing, life

from onward.engine.update import update
from onward.learner import Learner
from onward.method import Method, chained
from onward.nets.classifier import Classifier
from onward.nets.head import Head
from onward.nets.mlp import MLP
from onward.rng import generator
from onward.types import present

every = pytest.mark.parametrize("name", SUBJECTS)
everywhere = pytest.mark.parametrize("scenario", SCENARIOS)


def some_inputs(scenario):
    data = SCENARIOS[scenario].second
    return data.take(torch.arange(0, len(data), 3)).inputs


def by_name(learner, inputs, names):
    """The logits of the named classes, in the order of the names."""
    return learner.predict(inputs).logits[:, [learner.classes.index(name) for name in names]]


def starts_from_its_parent(method):
    return all(type(each).prepare is Method.prepare for each in chained(method).methods)


@every
@everywhere
def test_prediction_is_pure(name, scenario):
    """Alone or in a batch, once or twice, in whatever mode the model was left; and it leaves it so."""
    learner, inputs = copy.deepcopy(life(SUBJECTS[name], scenario).child), some_inputs(scenario)
    before, once = bits(learner), learner.predict(inputs).logits
    learner.model.train()
    assert torch.equal(learner.predict(inputs).logits, once)
    alone = torch.cat([learner.predict(row[None]).logits for row in inputs])
    torch.testing.assert_close(alone, once, rtol=1e-5, atol=1e-6)
    assert torch.equal(learner.predict(inputs, size=len(inputs)).logits, once)
    assert not once.requires_grad
    assert learner.model.training
    assert differing(before, bits(learner)) == []


@every
@everywhere
def test_unseen_classes_are_added_by_name_and_known_ones_are_not(name, scenario):
    parent, child, *_ = life(SUBJECTS[name], scenario)
    unseen = tuple(c for c in present(SCENARIOS[scenario].second) if c not in parent.classes)
    assert child.classes == parent.classes + unseen
    assert child.predict(some_inputs(scenario)).logits.shape[1] == len(child.classes)
    assert child.model.head.sizes == parent.model.head.sizes + ((len(unseen),) if unseen else ())


@pytest.mark.parametrize("name", [name for name, method in SUBJECTS.items() if starts_from_its_parent(method)])
@everywhere
def test_growth_leaves_the_old_logits_bit_equal(name, scenario):
    """For a method that starts from its parent's weights; others have no old logits to leave."""
    parent, inputs = life(SUBJECTS[name], scenario).parent, some_inputs(scenario)
    grown, _ = update(parent, SCENARIOS[scenario].second, dataclasses.replace(SETTINGS, steps=0), seed=4)
    old = grown.predict(inputs).logits[:, : len(parent.classes)]
    assert torch.equal(old, parent.predict(inputs).logits)


@pytest.mark.parametrize("batch", [1, 64, 256])
@pytest.mark.parametrize("width", [16, 100, 512])
def test_growth_leaves_the_old_logits_of_wide_heads_bit_equal(width, batch):
    """Ten classes become thirteen: sizes at which one larger matrix product gives other bits."""
    names = [str(k) for k in range(13)]
    model = Classifier(MLP((8,), width=width, depth=1), Head(width))
    model.grow(names[:10], seed=0)
    inputs = torch.randn(batch, 8, generator=generator(width, "inputs"))
    old = model.eval()(inputs)
    model.grow(names, seed=1)
    new = model(inputs)
    assert new.shape == (batch, 13)
    assert torch.equal(new[:, :10], old)


@every
@everywhere
def test_class_ids_are_only_a_way_of_counting_names(name, scenario):
    """With ids given out in another order, each name has the logits it had, but for the order of sums."""
    here, plain = SCENARIOS[scenario], life(SUBJECTS[name], scenario).child
    learner = Learner(here.net(), SUBJECTS[name])
    first = recounted(here.first, [2, 0, 1])
    learner, _ = update(learner, first, SETTINGS, seed=3)
    second = recounted(here.second, list(reversed(range(len(here.second.classes)))))
    learner, _ = update(learner, second, SETTINGS, seed=4)
    assert learner.classes != plain.classes
    inputs, names = some_inputs(scenario), sorted(plain.classes)
    torch.testing.assert_close(by_name(learner, inputs, names), by_name(plain, inputs, names), rtol=1e-3, atol=1e-4)


@every
@everywhere
def test_double_precision_agrees_with_single(name, scenario):
    here, single = SCENARIOS[scenario], life(SUBJECTS[name], scenario).child
    learner = Learner(here.net().double(), SUBJECTS[name])
    for data, seed in ((here.first, 3), (here.second, 4)):
        learner, _ = update(learner, data, SETTINGS, seed)
    inputs = some_inputs(scenario)
    double = learner.predict(inputs).logits
    assert double.dtype == torch.float64
    torch.testing.assert_close(double.float(), single.predict(inputs).logits, rtol=1e-3, atol=1e-4)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")
@every
@pytest.mark.parametrize("scenario", [each for each in SCENARIOS if "dropout" not in each])  # it draws on the device
def test_a_gpu_agrees_with_the_processor(name, scenario):
    here, host = SCENARIOS[scenario], life(SUBJECTS[name], scenario).child
    learner = Learner(here.net(), SUBJECTS[name])
    for data, seed in ((here.first, 3), (here.second, 4)):
        learner, _ = update(learner, data, dataclasses.replace(SETTINGS, device="cuda"), seed)
    assert learner.model.device.type == "cpu"
    assert {tensor.device.type for tensor in learner.kept.values()} <= {"cpu"}
    inputs = some_inputs(scenario)
    torch.testing.assert_close(learner.predict(inputs).logits, host.predict(inputs).logits, rtol=1e-2, atol=1e-2)
