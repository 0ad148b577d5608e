"""A child on a test set beside its parent, counted by hand."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
import torch
from torch import Tensor

from onward.engine.evaluate import judge, judged_together
from onward.gate.measuring import measure
from onward.learner import Learner
from onward.nets.zoo import fresh
from onward.record import Score
from onward.toy import blobs
from onward.types import Batch, Examples

CENTRES = {"left": (-2.0, 0.0), "right": (2.0, 0.0), "up": (0.0, 2.0)}


def knowing(names: str, seed: int) -> Learner:
    model = fresh("mlp", (2,), seed, width=6, depth=1)
    model.grow(names.split(), seed)
    return Learner(model.eval())


@dataclass(frozen=True, eq=False)
class Counted:
    """Examples that note how often each was read, as though they were decoded then."""

    data: Examples
    reads: list[int] = field(default_factory=list)

    targets = property(lambda self: self.data.targets)
    classes = property(lambda self: self.data.classes)

    def __len__(self) -> int:
        return len(self.data)

    def take(self, rows: Tensor) -> Batch:
        self.reads.extend(rows.tolist())
        return self.data.take(rows)


@pytest.fixture
def data():
    return blobs(CENTRES, 0, n=40, spread=1.5)


def test_it_is_what_two_judgements_say(data):
    child, parent = knowing("left right up", 1), knowing("left right", 2)
    found = measure("t.npz", data, child, parent, old=True)
    now, was = judge(child, data), judge(parent, data)
    right, before = now.predicted == now.targets, was.predicted == was.targets
    assert (found.test, found.examples, found.old, found.slice) == ("t.npz", 120, True, "")
    assert (found.accuracy, found.parent_accuracy) == (right.mean(), before.mean())
    assert (found.negative_flips, found.positive_flips) == ((before & ~right).mean(), (right & ~before).mean())
    for k, name in enumerate(CENTRES):
        its = data.targets.numpy() == k
        lost = int((before & ~right)[its].sum())
        assert found.by_class[name] == Score(40, int(right[its].sum()), int(before[its].sum()), lost)
    assert 0 < found.negative_flips < 1 and found.by_class["up"].parent_right == 0


def test_the_classes_add_up_to_the_whole(data):
    found = measure("t", data, knowing("up right left", 3), knowing("up", 4), old=False, slice="night")
    scores = found.by_class.values()
    assert found.slice == "night" and sum(score.examples for score in scores) == found.examples
    assert sum(score.right for score in scores) / 120 == pytest.approx(found.accuracy)
    assert sum(score.parent_right for score in scores) / 120 == pytest.approx(found.parent_accuracy)
    assert sum(score.negative_flips for score in scores) / 120 == pytest.approx(found.negative_flips)


def test_without_a_parent_only_the_child_is_told_of(data):
    found = measure("t", data, knowing("left right up", 1), None, old=False)
    assert (found.parent_accuracy, found.negative_flips, found.positive_flips) == (None, None, None)
    assert all((score.parent_right, score.negative_flips) == (None, None) for score in found.by_class.values())


def test_a_class_without_examples_has_no_score_and_one_that_is_not_known_is_never_right(data):
    some = Examples(data.inputs[40:], data.targets[40:], (*data.classes, "down"))
    found = measure("t", some, knowing("left up", 1), None, old=False)
    assert found.by_class.keys() == {"right", "up"} and found.by_class["right"].right == 0


def test_a_class_is_counted_under_the_name_that_the_child_knows_it_by(data):
    child = knowing("left right up", 1)
    child.model.aliases = {"west": "left"}
    renamed = Examples(data.inputs, data.targets, ("west", "right", "up"))
    assert measure("t", renamed, child, None, old=False).by_class == measure("t", data, child, None, old=False).by_class


def test_child_and_parent_go_over_the_data_in_one_pass(data):
    counted = Counted(data)
    measure("t", counted, knowing("left right up", 1), knowing("left", 2), old=True)
    assert counted.reads == list(range(120))


def test_several_are_judged_as_each_alone(data):
    some = [knowing("left right up", 1), knowing("up left", 2)]
    for alone, together in zip((judge(each, data) for each in some), judged_together(some, data), strict=True):
        assert torch.equal(torch.tensor(alone.predicted), torch.tensor(together.predicted))
        assert alone.targets.tolist() == together.targets.tolist() and alone.classes == together.classes
