"""Data that cannot train the model is refused before anything is trained."""

from __future__ import annotations

import pytest
import torch
from tests.engine.problems import everything, images, learner, seeing, vectors
from torch import nn

from onward.engine.check import check
from onward.engine.update import update
from onward.errors import InputError
from onward.nets.backbone import Backbone
from onward.nets.classifier import Classifier
from onward.nets.head import Head
from onward.nets.zoo import fresh
from onward.settings import Settings
from onward.types import Examples, View

NOTHING = Examples(torch.zeros(0, 2), torch.zeros(0, dtype=torch.int64), ("a", "b"))


def spoilt(value: float) -> Examples:
    data = vectors()
    data.inputs[[3, 11], 1] = value
    return data


def thick() -> Examples:
    return Examples(torch.zeros(2, 3), torch.tensor([0, 1]), ("a", "b"))


@pytest.mark.parametrize(
    ("data", "settings", "said"),
    [
        (NOTHING, Settings(), "the new data is empty"),
        (spoilt(torch.nan), Settings(), "2 of 40 examples hold numbers that are not finite: rows 3, 11"),
        (spoilt(-torch.inf), Settings(), "2 of 40 examples hold numbers that are not finite: rows 3, 11"),
        (thick(), Settings(), r"inputs of shape \(3,\), the model takes \(2,\); reshape"),
        (images(), Settings(), r"inputs of shape \(1, 8, 8\), the model takes \(2,\)"),
        (vectors(), Settings(augment=("flip",)), r"augment = \['flip'\] works on images"),
        (vectors(), Settings(device="cuda:99"), "device 'cuda:99' cannot be used here"),
        (vectors(), Settings(device="quantum"), "device 'quantum' cannot be used here"),
        (vectors(), Settings(device="hpu"), "device 'hpu' cannot be used here"),
        (vectors("ab", n=2), Settings(validation=0.1), "validation = 0.1 of 4 examples is not one example"),
    ],
)
def test_what_cannot_be_used_is_refused_and_the_learner_left_alone(data, settings, said):
    version = learner()
    before = everything(version)
    with pytest.raises(InputError, match=said):
        update(version, data, settings)
    assert everything(version) == before


def test_one_class_in_all_is_refused():
    newborn = fresh("mlp", (2,), seed=0, width=4)
    with pytest.raises(InputError, match=r"all 20 examples are of one class \(c\)"):
        check(vectors("c"), newborn, Settings())
    newborn.grow("c", seed=0)
    with pytest.raises(InputError, match=r"all 20 examples are of one class \(c\)"):
        check(vectors("c"), newborn, Settings())


def test_names_without_examples_do_not_make_two_classes():
    lone = vectors("c")
    with pytest.raises(InputError, match="of one class"):
        check(Examples(lone.inputs, lone.targets, ("c", "d")), fresh("mlp", (2,), seed=0, width=4), Settings())


@pytest.mark.parametrize("names", ["c", "a"])
def test_one_class_new_or_old_beside_those_the_model_knows_is_accepted(names):
    child, record = update(learner("ab"), vectors(names), Settings(epochs=1))
    assert child.classes == (("a", "b", "c") if names == "c" else ("a", "b"))
    assert record.cost.samples == 20


def test_images_may_be_augmented():
    check(images(), seeing().model, Settings(augment=("flip", "crop", "cutout")))


class Unchanged(Backbone):
    def forward(self, inputs):
        return inputs


class Stubborn(Backbone):
    """A user's network that refuses its inputs in a way of its own."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def forward(self, inputs):
        raise self.error


@pytest.mark.parametrize("error", [AssertionError("height 8 is not 224\nand more"), KeyError("x"), RuntimeError()])
def test_a_network_that_refuses_its_inputs_is_told_in_one_line(error):
    model = Classifier(Stubborn(error), Head(3, [2]), "ab")
    with pytest.raises(InputError, match=r"cannot take inputs of shape \(1, 8, 8\), torch.uint8: [^\n]+$"):
        check(images(), model, Settings())


def test_features_of_another_shape_than_the_head_takes_are_refused():
    with pytest.raises(InputError, match=r"features of shape \(1, 8, 8\) .* the head takes \(64,\)"):
        check(images(), Classifier(Unchanged(), Head(64, [2]), "ab"), Settings())
    with pytest.raises(InputError, match=r"features of shape \(64,\) .* the head takes \(65,\)"):
        check(images(), Classifier(nn.Flatten(), Head(65, [2]), "ab"), Settings())


def test_trying_the_network_leaves_it_as_it_was():
    version = seeing()
    version.model.train()
    before = everything(version)
    check(View(images(), torch.arange(4), torch.zeros(4, dtype=torch.int64), ("a",)), version.model, Settings())
    assert everything(version) == before
