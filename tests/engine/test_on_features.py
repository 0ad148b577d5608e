"""A phase on features is training of the head alone, without the backbone's work."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import pytest
import torch
from tests.engine.problems import images, learner, seeing, vectors

from onward.context import Context
from onward.engine.batches import featured
from onward.engine.bill import bill
from onward.engine.flops import flops_per_example
from onward.engine.teacher import Teacher
from onward.engine.update import planned, update
from onward.errors import InputError
from onward.learner import Learner
from onward.method import Method
from onward.methods.feature_distillation import FeatureDistillation
from onward.methods.lwf import LwF
from onward.methods.replay import Replay
from onward.methods.warm_start import WarmStart
from onward.nets.classifier import Classifier
from onward.phase import Phase, in_head
from onward.preflight.cost import samples
from onward.settings import Settings
from onward.types import Batch

HEAD = Settings(epochs=3, batch_size=8, lr=0.05, trains="head")


@dataclass(frozen=True)
class OnFeatures(Method):
    """Puts features in the place of each phase's data."""

    def plan(self, phases: Iterable[Phase], model: Classifier, context: Context) -> Iterator[Phase]:
        for phase in phases:
            yield replace(phase, data=featured(phase.data, model), on_features=True).only(in_head)


@dataclass(frozen=True)
class Twice(Method):
    """Trains as it was told and then once more on features."""

    def plan(self, phases: Iterable[Phase], model: Classifier, context: Context) -> Iterator[Phase]:
        yield from phases
        yield Phase("again", featured(context.new, model), context.settings, trains=in_head, on_features=True)


@pytest.mark.parametrize(
    "after", [WarmStart(), Replay(9, 4), LwF(), FeatureDistillation(), Replay(9, 4) | LwF()], ids=repr
)
@pytest.mark.parametrize("augment", [(), ("flip", "crop", "cutout")])
def test_the_head_becomes_what_it_becomes_on_the_inputs_of_a_backbone_that_stands_still(after, augment):
    """With what later methods mix in and ask of the parent; augmentation is left out, for features are no images."""
    parent, _ = update(seeing("ab", after), images("ab"), HEAD)
    new = images("bc", seed=1)
    plain, _ = update(parent, new, HEAD)
    ours, record = update(parent, new, replace(HEAD, augment=augment), method=OnFeatures() | after)
    assert not torch.equal(plain.model.head.weight[:2], parent.model.head.weight)
    torch.testing.assert_close(dict(ours.model.state_dict()), dict(plain.model.state_dict()), rtol=1e-4, atol=1e-6)
    assert [phase.on_features for phase in record.phases] == [True]


def test_the_parent_says_of_features_what_its_head_does():
    model, batch = (
        learner("abc").model,
        Batch(torch.randn(5, 8, generator=torch.Generator().manual_seed(0)), torch.zeros(5)),
    )
    said = Teacher(model).of_features(batch)
    assert said.features is batch.inputs and not said.logits.requires_grad
    assert torch.equal(said.logits, model.head(batch.inputs).detach())
    on_features = Phase("train", vectors(), Settings(epochs=9), on_features=True)
    assert not Teacher(model).remembers(on_features), "a product by the head costs no more than to look it up"


def test_an_example_costs_the_head_and_counts_as_none_that_went_through_the_model():
    # 8 features to 3 classes, two operations for each weight; backward the product for the weights alone.
    assert flops_per_example(learner("abc").model, vectors(), in_head, on_features=True) == (48, 48)
    begun, data, settings = learner("abc", Twice()), vectors(), Settings(epochs=2)
    _, record = update(begun, data, settings)
    once = update(begun, data, settings, method=Method())[1].cost
    cost = record.cost
    assert (cost.samples, cost.steps) == (once.samples, 2 * once.steps) == (2 * len(data), 2 * once.steps)
    assert cost.forward_flops == once.forward_flops + 48 * 2 * len(data)
    assert cost.backward_flops == once.backward_flops + 48 * 2 * len(data)
    assert samples(begun, data, settings, 0, Twice()) == once.samples


def test_a_bill_of_features_alone_has_no_samples():
    begun, data = learner("abc"), vectors()
    phase = Phase("train", data, Settings(), trains=in_head, on_features=True)
    record = replace(update(begun, data, Settings(epochs=1))[1].phases[0], on_features=True)
    cost = bill([(phase, record)], begun.model, data, {}, 0.0)
    assert (cost.samples, cost.forward_flops) == (0, 48 * record.samples)


def test_a_dry_run_tells_of_it():
    phases = planned(learner("ab", Twice() | Replay(9, 4)), vectors("ab"))
    assert [(phase.name, phase.on_features, phase.steps) for phase in phases] == [
        ("train", False, 0),
        ("again", True, 0),
    ]


def test_features_are_those_of_the_model_at_rest():
    model = Learner(learner("ab", dropout=0.5).model.train()).model
    data = vectors("ab")
    found = featured(data, model)
    assert model.training and found.classes == data.classes and torch.equal(found.targets, data.targets)
    assert torch.equal(found.inputs, model.eval().features(data.inputs)) and not found.inputs.requires_grad


def test_features_that_are_to_train_more_than_the_head_are_refused():
    @dataclass(frozen=True)
    class Everywhere(Method):
        def plan(self, phases, model, context):
            for phase in phases:
                yield replace(phase, data=featured(phase.data, model), on_features=True)

    with pytest.raises(InputError, match=r"'train' has features for data, which train the head alone; give it only"):
        update(learner("ab", Everywhere()), vectors("ab"), Settings(epochs=1))
