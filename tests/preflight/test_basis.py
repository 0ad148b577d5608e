"""What advice rests on: shares and their differences by hand."""

from __future__ import annotations

import pytest
import torch

from onward.formulas.two_sample import difference_interval
from onward.preflight.basis import Accuracy, Answers, loss_of


def answers(*classes):
    """Right and all of each class, in the order of ids."""
    right = [torch.arange(of) < hits for hits, of in classes]
    return Answers(
        torch.cat(right), torch.arange(len(classes)).repeat_interleave(torch.tensor([of for _, of in classes]))
    )


def test_an_accuracy_has_its_interval():
    right = torch.arange(10) < 9
    found = Accuracy.of(right)
    assert found.told == "90.0 % (59.6 to 98.2) of 10"
    assert Accuracy.of(right[:0]) is None


def test_as_many_of_each_class_are_compared_as_they_are():
    found = loss_of(answers((56, 70)), answers((48, 80)), 1)
    assert found == pytest.approx(difference_interval((56 / 70, 70), (48 / 80, 80), 0.99))


def test_old_tests_are_weighted_as_the_classes_arrived():
    """Then 90 of 100 of the first and 50 of 100 of the second; now three of four are of the second.

    So 1/4 * 0.9 + 3/4 * 0.5 = 0.6 is what is to be expected, as sure as 1 / (1/16/100 + 9/16/100) = 160 examples.
    """
    now = answers((18, 20), (30, 60))
    found = loss_of(answers((90, 100), (50, 100)), now, 2)
    assert found == pytest.approx(difference_interval((0.6, 160), (48 / 80, 80), 0.99))
    assert found[0] < 0 < found[1]


def test_classes_of_one_side_alone_do_not_count():
    both, more = answers((8, 10)), answers((8, 10), (0, 50))
    assert loss_of(more, both, 2) == loss_of(both, more, 2) == loss_of(both, both, 2)
    unknown = Answers(
        torch.cat([both.right, torch.zeros(9, dtype=torch.bool)]), torch.cat([both.ids, -torch.ones(9).long()])
    )
    assert loss_of(both, unknown, 2) == loss_of(both, both, 2)


def test_where_no_class_is_shared_nothing_can_be_told():
    assert loss_of(answers((5, 5)), answers((0, 0), (5, 5)), 2) is None
