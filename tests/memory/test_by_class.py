"""As many of each class, whatever the classes are counted by."""

from __future__ import annotations

import pytest
import torch

from onward.memory.by_class import lowest_of_each, some_of_each
from onward.rng import generator
from onward.types import Examples

DATA = Examples(torch.arange(60)[:, None], torch.arange(60) % 3, ("a", "b", "c", "never seen"))


def draw(name, seed=0):
    return generator(seed, "memory", name)


@pytest.mark.parametrize(("each", "held"), [(1, 3), (5, 15), (20, 60), (99, 60)])
def test_it_takes_as_many_of_each_class_as_there_are(each, held):
    taken = some_of_each(DATA, each, draw)
    assert taken.targets.bincount().tolist() == [held // 3] * 3
    rows = taken.take(torch.arange(held)).inputs[:, 0]
    assert rows.tolist() == sorted(set(rows.tolist()))  # in the order of the data, none twice


def test_every_example_of_a_class_is_taken_as_often():
    """Of 20 each is the one in a twentieth of 2000 draws, give or take 4 sigma."""
    counts = torch.zeros(60)
    for seed in range(2000):
        counts[some_of_each(DATA, 1, lambda name, s=seed: draw(name, s)).take(torch.arange(3)).inputs[:, 0]] += 1
    assert (counts - 100).abs().max() < 4 * (2000 * 0.05 * 0.95) ** 0.5


def test_how_classes_are_counted_moves_no_draw():
    other = Examples(DATA.inputs, (DATA.targets + 1) % 3, ("c", "a", "b"))
    inputs = [some_of_each(data, 4, draw).take(torch.arange(12)).inputs.tolist() for data in (DATA, other)]
    assert inputs[0] == inputs[1]


def test_the_lowest_of_each_class_are_taken_the_earlier_of_two_alike():
    """The scores of class a, rows 0, 3, 6 ..., fall; those of b, rows 1, 4, 7 ..., are all one; c's rise."""
    slope = {"a": -1, "b": 0, "c": 1}

    def score(of_class):
        rows = of_class.take(torch.arange(len(of_class))).inputs[:, 0]
        return slope[of_class.classes[int(of_class.targets[0])]] * rows

    assert lowest_of_each(DATA, 2, score).tolist() == [1, 2, 4, 5, 54, 57]
