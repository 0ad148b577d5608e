"""A learner says what its model says, and leaves the model as it was."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from onward.errors import InputError
from onward.learner import Learner, Prediction
from onward.method import Chain, Method
from onward.methods.replay import Replay
from onward.nets.classifier import Classifier
from onward.nets.head import Head
from onward.nets.zoo import build_backbone, fresh
from onward.rng import generator

INPUTS = torch.randn(7, 3, generator=generator(0))


@pytest.fixture
def learner():
    model = fresh("mlp", (3,), seed=0, width=4, depth=1)
    model.grow("abc", seed=0)
    return Learner(model.eval())


@dataclass(frozen=True)
class Upside(Method):
    """Predicts the contrary, plus what it kept."""

    def predict(self, model: Classifier, inputs: Tensor, kept) -> Tensor:
        return kept["bonus"] - model(inputs)


def test_a_prediction_is_the_model_s(learner):
    said = learner.predict(INPUTS)
    logits = learner.model(INPUTS)
    assert torch.equal(said.logits, logits)
    assert said.names == ["abc"[k] for k in logits.argmax(dim=1).tolist()]
    torch.testing.assert_close(said.probabilities.sum(dim=1), torch.ones(7))


def test_a_prediction_does_not_depend_on_how_many_go_through_at_once(learner):
    torch.testing.assert_close(learner.predict(INPUTS, size=2).logits, learner.predict(INPUTS).logits)


def test_predicting_keeps_every_training_flag(learner):
    model = learner.model.train()
    model.backbone.layers[1].eval()
    flags = {name: module.training for name, module in model.named_modules()}
    learner.predict(INPUTS)
    assert {name: module.training for name, module in model.named_modules()} == flags
    assert len(set(flags.values())) == 2


def test_predicting_is_done_in_eval_mode():
    model = Classifier(build_backbone({"net": "mlp", "shape": [3], "width": 50, "dropout": 0.5}), Head(50, [2]), "ab")
    model.train()
    learner = Learner(model)
    assert torch.equal(learner.predict(INPUTS).logits, learner.predict(INPUTS).logits)


def test_a_prediction_can_be_computed_with(learner):
    logits = learner.predict(INPUTS).logits
    assert not logits.requires_grad and not logits.is_inference()
    (logits * torch.ones(3, requires_grad=True)).sum().backward()


def test_classes_that_do_not_come_into_question_are_not_predicted(learner):
    said = learner.predict(INPUTS, among=["c", "a"])
    assert torch.equal(said.logits[:, 1], torch.full((7,), -torch.inf))
    assert torch.equal(said.logits[:, [0, 2]], learner.predict(INPUTS).logits[:, [0, 2]])
    assert set(said.names) <= {"a", "c"}
    with pytest.raises(InputError, match="unknown class 'x'"):
        learner.predict(INPUTS, among=["a", "x"])


def test_of_nothing_nothing_is_said(learner):
    said = learner.predict(INPUTS[:0])
    assert said.logits.shape == (0, 3) and said.names == []


def test_a_method_of_the_chain_may_predict_with_what_it_kept(learner):
    own = Learner(learner.model, Replay(9) | Upside(), {"test_learner/bonus": torch.tensor(5.0)})
    torch.testing.assert_close(own.predict(INPUTS).logits, 5 - learner.model(INPUTS))


def test_one_method_and_a_chain_of_it_are_the_same(learner):
    assert Learner(learner.model, Replay(9)).chain == Learner(learner.model, Chain((Replay(9),))).chain
    assert Learner(learner.model).chain == Chain() and learner.classes == ("a", "b", "c")


def test_ids_are_the_largest_logits():
    said = Prediction(torch.tensor([[1.0, 3.0], [2.0, -torch.inf]]), ("x", "y"))
    assert said.ids.tolist() == [1, 0] and said.names == ["y", "x"]
    assert said.probabilities[1].tolist() == [1.0, 0.0]
