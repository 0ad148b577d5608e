"""Loss and accuracy of a learner, by hand and beside what training and ``judge`` say."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from tests.nets.test_averaging import Layers

from onward.engine.evaluate import judge
from onward.engine.mean_loss import mean_loss
from onward.errors import InputError
from onward.learner import Learner
from onward.nets.classifier import Classifier
from onward.nets.head import Head
from onward.step import Step, cross_entropy
from onward.types import Batch, Examples

INPUTS = torch.tensor([[0.0], [1.0], [2.0], [3.0]])
DATA = Examples(INPUTS, torch.tensor([0, 0, 1, 1]), ("b", "a"))


def learner(classes: str = "a b", **more: object) -> Learner:
    """Logits (x log 3, 0, 0, ...): class a has the odds 3^x against each other one."""
    names = classes.split()
    head = Head(1, [len(names)])
    with torch.no_grad():
        head.linears[0].weight.zero_()[0] = math.log(3)
        head.linears[0].bias.zero_()
    return Learner(Classifier(Layers(), head, names, **more).eval())


def test_by_hand():
    # p(a) = 1/2, 3/4, 9/10, 27/28; the first two are b, the others a. At 1/2 the first class, a, is said: wrong.
    expected = -sum(map(math.log, (1 / 2, 1 / 4, 9 / 10, 27 / 28))) / 4
    found = mean_loss(learner(), DATA)
    assert (found.loss, found.accuracy) == (pytest.approx(expected, rel=1e-6), 0.5)


def test_it_is_what_training_minimises_and_what_judge_counts():
    counted = Batch(INPUTS, torch.tensor([1, 1, 0, 0]))
    for own in (learner(), learner("a b c d", tasks=[0, 0, 1, 1])):
        found = mean_loss(own, DATA)
        assert found.loss == pytest.approx(cross_entropy(Step(own.model, counted, torch.Generator())).item(), rel=1e-6)
        assert found.accuracy == judge(own, DATA).accuracy


def test_with_tasks_a_class_of_another_task_costs_nothing():
    assert mean_loss(learner("a b c", tasks=[0, 0, 1]), DATA).loss == pytest.approx(mean_loss(learner(), DATA).loss)
    assert mean_loss(learner("a b c"), DATA).loss > mean_loss(learner(), DATA).loss + 0.1


def test_an_unknown_class_is_wrong_and_has_no_loss():
    more = Examples(torch.cat([INPUTS, INPUTS]), torch.tensor([0, 0, 1, 1, 2, 2, 2, 2]), ("b", "a", "z"))
    found, known = mean_loss(learner(), more), mean_loss(learner(), DATA)
    assert (found.loss, found.accuracy) == (known.loss, known.accuracy / 2)


def test_a_merged_class_is_counted_as_what_it_means():
    data = replace(DATA, classes=("c", "a"))
    # Merged into b, c's odds are added: p(a) = 3^x / (3^x + 2).
    expected = -sum(map(math.log, (2 / 3, 2 / 5, 9 / 11, 27 / 29))) / 4
    assert mean_loss(learner("a b c", aliases={"c": "b"}), data).loss == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("data", [replace(DATA, classes=("y", "z")), Examples(INPUTS[:0], DATA.targets[:0], ("a",))])
def test_without_an_example_of_a_known_class_there_is_none(data):
    with pytest.raises(InputError, match="no example of a class that the model knows; it knows a, b"):
        mean_loss(learner(), data)
