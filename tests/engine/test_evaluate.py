"""A test set is judged by names: what the learner does not know, it cannot get right."""

from __future__ import annotations

import math

import pytest
import torch

from onward.engine.evaluate import Judgement, judge, laid_together
from onward.errors import InputError
from onward.learner import Learner
from onward.nets.classifier import Classifier
from onward.nets.head import Head
from onward.types import Examples


class Same(torch.nn.Module):
    def forward(self, inputs):
        return inputs


@pytest.fixture
def largest():
    """A learner that says which of three numbers is the largest."""
    head = Head(3, [3], bias=False)
    torch.nn.init.eye_(head.blocks[0].weight)
    return Learner(Classifier(Same(), head, "abc").eval())


TEST = Examples(torch.tensor([[2.0, 1, 0], [0, 2, 1], [1, 0, 2], [0, 1, 2]]), torch.tensor([1, 2, 0, 1]), tuple("xab"))


def test_names_decide_what_is_right(largest):
    said = judge(largest, TEST)
    # The learner says a, b, c, c; the truth is a, b, x, a; x is past the last id, where no prediction can be.
    assert said.predicted.tolist() == [0, 1, 2, 2] and said.targets.tolist() == [0, 1, 3, 0]
    assert said.classes == ("a", "b", "c") and said.accuracy == 0.5


def test_only_the_classes_of_the_task_come_into_question(largest):
    # Among a and b the last two rows are a (1 against 0) and b (1 against 0).
    assert judge(largest, TEST, among=["a", "b", "x"]).predicted.tolist() == [0, 1, 0, 1]
    assert judge(largest, TEST, among=["b"]).predicted.tolist() == [1, 1, 1, 1]


def test_a_large_test_set_is_judged_in_order(largest):
    targets = torch.arange(1500) % 3
    data = Examples(torch.eye(3)[targets], targets, tuple("abc"))
    said = judge(largest, data)
    assert said.accuracy == 1.0 and said.predicted.tolist() == targets.tolist()


def test_where_the_test_set_is_told_only_its_own_classes_come_into_question(largest):
    ours = Examples(TEST.inputs[2:], torch.tensor([0, 1]), tuple("ab"))
    said = judge(largest, ours)  # c is the largest of both; among a and b the first is a, 1 against 0, the other b
    assert said.accuracy == 0.0
    assert said.within.tolist() == [0, 1] and said.accuracy_within == 1.0
    both = laid_together([said, said])
    assert both.within.tolist() == [0, 1, 0, 1]
    strange = judge(largest, Examples(TEST.inputs[:2], torch.tensor([0, 0]), ("x",)))  # of no class that is known
    assert strange.within.tolist() == strange.predicted.tolist()
    assert math.isnan(Judgement(said.predicted, said.targets, said.classes).accuracy_within)


def test_accuracy_is_a_share():
    targets = TEST.targets.numpy()
    assert Judgement(targets, targets, TEST.classes).accuracy == 1.0
    assert Judgement(targets * 0, targets, TEST.classes).accuracy == 0.25


def test_nothing_to_judge_or_to_judge_by_is_refused(largest):
    nothing = Examples(torch.zeros(0, 3), torch.zeros(0, dtype=torch.int64), ("a",))
    with pytest.raises(InputError, match="test set is empty"):
        judge(largest, nothing)
    with pytest.raises(InputError, match="knows no class yet"):
        judge(Learner(Classifier(Same(), Head(3))), TEST)
