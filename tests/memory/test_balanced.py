"""Every class has as many places, and within a class it is chance or the mean that decides."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.reference.replay import herding

from onward.memory.balanced import at_random, balanced, by_herding, shares
from onward.memory.herding import herded
from onward.rng import generator
from onward.types import Examples, View


@given(st.lists(st.integers(0, 12), min_size=1, max_size=6), st.integers(0, 40))
def test_places_are_used_up_and_shared_as_evenly_as_there_are_examples(there, size):
    found = shares(there, size, [chr(97 + k) for k in range(len(there))])
    assert sum(found) == min(size, sum(there))
    assert all(got <= count for got, count in zip(found, there, strict=True))
    short = [got for got, count in zip(found, there, strict=True) if got < count]
    assert not short or max(found) - min(short) <= 1


def numbered(first, count, c=1, wrap=lambda data: data):
    """Examples of ``c`` classes by turns, of which each input is its own number."""
    data = Examples(torch.arange(first, first + count)[:, None].float(), torch.arange(count) % c, ("a", "b", "c"))
    return wrap(data)


def draws(seed):
    return lambda name: generator(seed, "of", name)


def viewed(data):
    return View(data, torch.arange(len(data)), data.targets, data.classes)


@pytest.mark.parametrize("wrap", [lambda data: data, viewed], ids=["in memory", "elsewhere"])
def test_every_example_of_a_class_that_ever_came_is_kept_equally_often(wrap):
    """Two of the 20 of a and four of the 4 of c: an a in a tenth of 2000 runs, give or take 4 sigma."""
    counts = torch.zeros(20)
    for seed in range(2000):
        kept = {}
        for first, count in ((0, 12), (12, 8)):
            new = numbered(first, count, wrap=wrap)
            kept = balanced(kept, new, 2, at_random(lambda name, s=seed, f=first: generator(s, f, name)))
        counts[kept["inputs"][:, 0].long()] += 1
    assert counts.sum() == 4000
    assert (counts - 200).abs().max() < 4 * (2000 * 0.1 * 0.9) ** 0.5


def test_how_classes_are_counted_moves_no_choice():
    one = numbered(0, 30, 3)
    other = Examples(one.inputs, (one.targets + 1) % 3, ("c", "a", "b"))
    for choose in (at_random(draws(0)), by_herding(lambda x: torch.cat([x, x.cos()], dim=1))):
        found = [balanced({}, data, 7, choose)["inputs"][:, 0].tolist() for data in (one, other)]
        assert sorted(found[0]) == sorted(found[1])


@pytest.mark.parametrize("count", [1, 3, 12, 20])
def test_herding_is_that_of_the_reference(count):
    features = torch.nn.functional.normalize(torch.randn(12, 3, generator=generator(1), dtype=torch.float64))
    mean = features.mean(dim=0)
    assert herded(features, mean, count).tolist() == herding(list(features), mean, min(count, 12))


def test_the_first_is_the_nearest_to_the_mean_and_the_second_makes_up_for_it():
    """On a line with mean 4: first 5, off by 1, then 3, for (5 + 3) / 2 = 4."""
    assert herded(torch.tensor([[0.0], [3.0], [5.0], [8.0]]), torch.tensor([4.0]), 2).tolist() in ([1, 2], [2, 1])
    assert herded(torch.tensor([[0.0], [2.0], [5.0], [9.0]]), torch.tensor([4.0]), 2).tolist() == [2, 1]


def unit(*degrees):
    angle = torch.tensor(degrees).deg2rad()
    return torch.stack([angle.cos(), angle.sin()], dim=1)


def test_the_first_of_a_herded_class_stay_when_places_become_fewer():
    data = Examples(unit(*range(0, 90, 10)), torch.zeros(9, dtype=torch.int64), ("a", "b", "c"))
    six = balanced({}, data, 6, by_herding(lambda x: x))
    more = Examples(unit(180.0, 190.0, 200.0), torch.ones(3, dtype=torch.int64), ("a", "b", "c"))
    three = balanced(six, more, 6, by_herding(lambda x: x))
    assert torch.equal(three["inputs"][three["targets"] == 0], six["inputs"][:3])


def test_exemplars_stand_for_all_that_have_passed_by_when_more_of_their_class_come():
    """1000 at 0 degrees have passed by and one is kept; one at 90 arrives: the mean is at 0.06 degrees."""
    zero = Examples(unit(*[0.0] * 1000), torch.zeros(1000, dtype=torch.int64), ("a", "b", "c"))
    kept = balanced({}, zero, 1, by_herding(lambda x: x))
    late = Examples(unit(90.0), torch.zeros(1, dtype=torch.int64), ("a", "b", "c"))
    kept = balanced(kept, late, 1, by_herding(lambda x: x))
    torch.testing.assert_close(kept["inputs"], unit(0.0))
    assert kept["seen"].tolist() == [1001, 0, 0]
