"""The reservoir is a uniform sample: exactly, by going through every draw there is, and by counting."""

from __future__ import annotations

import itertools
from math import prod

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.conformance.scenarios import Elsewhere

from onward.memory.reservoir import admitted, reservoir
from onward.rng import generator
from onward.types import Examples, Joined, View, subset

NAMES = ("only", "other")


def numbered(first, count):
    """Examples of which each input is its own number."""
    return Examples(torch.arange(first, first + count)[:, None], torch.arange(count) % 2, NAMES)


def numbers(memory):
    return [] if memory is None else memory.take(torch.arange(len(memory))).inputs[:, 0].tolist()


def after(counts, size, seed=0, wrap=lambda data: data):
    """The memory after arrivals of the given counts."""
    memory, seen = None, 0
    for index, count in enumerate(counts):
        draws = generator(seed, "reservoir", index)
        memory, seen = reservoir(memory, seen, wrap(numbered(seen, count)), size, draws)
    return memory, seen


@pytest.mark.parametrize(
    ("counts", "size"), [((6,), 2), ((4, 2), 3), ((2, 3), 1), ((1, 1, 3), 2), ((1, 4), 4), ((2, 2), 5)]
)
def test_inclusion_is_exactly_uniform_over_all_draws(counts, size, monkeypatch):
    """Arrival i draws one of i + 1 places; over all products of draws each is held in size / n of them."""
    n, included = sum(counts), torch.zeros(sum(counts))
    for places in itertools.product(*(range(i + 1) for i in range(n))):
        uniform = torch.tensor([(j + 0.5) / (i + 1) for i, j in enumerate(places)], dtype=torch.float64)
        held, seen = [-1] * size, 0
        for count in counts:
            monkeypatch.setattr(torch, "rand", lambda *_, now=uniform[seen : seen + count], **__: now)
            holder = admitted(seen, count, size, torch.Generator())
            held = [seen + new if new >= 0 else old for new, old in zip(holder.tolist(), held, strict=True)]
            seen += count
        for number in held:
            included[number] += number >= 0
    total = prod(range(1, n + 1))
    assert included.tolist() == [total * min(1, size / n)] * n


@pytest.mark.parametrize(("counts", "size"), [((40, 20), 10), ((5, 5, 50), 12), ((60,), 1)])
def test_inclusion_counts_are_within_four_sigma(counts, size):
    runs, p, n = 300, size / sum(counts), sum(counts)
    included = torch.zeros(n)
    for seed in range(runs):
        included[numbers(after(counts, size, seed)[0])] += 1
    assert int(included.sum()) == runs * size
    assert (included - runs * p).abs().max() < 4 * (runs * p * (1 - p)) ** 0.5


@given(st.lists(st.integers(0, 9), max_size=5), st.integers(0, 12), st.integers(0, 1000))
def test_it_holds_as_many_as_fit_and_none_twice(counts, size, seed):
    memory, seen = after(counts, size, seed)
    held = numbers(memory)
    assert seen == sum(counts)
    assert len(held) == len(set(held)) == min(size, seen)
    assert set(held) <= set(range(seen))


@given(st.lists(st.integers(1, 9), min_size=1, max_size=4), st.integers(1, 12), st.integers(0, 1000))
def test_data_that_does_not_lie_in_memory_is_sampled_the_same(counts, size, seed):
    here, _ = after(counts, size, seed)
    there, _ = after(counts, size, seed, wrap=Elsewhere)
    rows = torch.arange(len(here))
    assert torch.equal(there.take(rows).inputs, here.take(rows).inputs)
    assert torch.equal(there.take(rows).targets, here.take(rows).targets)
    assert torch.equal(there.targets, here.targets)


def test_examples_that_are_not_in_memory_are_not_brought_there():
    memory, seen = after((9,), 4, wrap=Elsewhere)
    assert isinstance(memory, View)
    memory, seen = reservoir(memory, seen, numbered(9, 20), 4, generator(5))
    assert isinstance(memory, Joined | Examples)
    assert len(numbers(memory)) == 4


def test_the_same_generator_gives_the_same_memory_and_another_another():
    assert numbers(after((30, 30), 10, seed=1)[0]) == numbers(after((30, 30), 10, seed=1)[0])
    assert numbers(after((30, 30), 10, seed=1)[0]) != numbers(after((30, 30), 10, seed=2)[0])


def test_targets_stay_with_their_inputs():
    memory, _ = after((8, 8), 10)  # both arrivals begin at an even number
    assert [number % 2 for number in numbers(memory)] == memory.targets.tolist()


def test_a_memory_made_smaller_is_a_uniform_sample_of_what_it_was():
    """Ten held of ten seen become four, with no arrivals: each stays in 4 of 10 runs, give or take 4 sigma."""
    runs, p, stayed = 400, 4 / 10, torch.zeros(10)
    for seed in range(runs):
        nothing = subset(numbered(0, 1), torch.arange(0))
        memory, seen = reservoir(numbered(0, 10), 10, nothing, 4, generator(seed))
        assert seen == 10
        stayed[numbers(memory)] += 1
    assert int(stayed.sum()) == runs * 4
    assert (stayed - runs * p).abs().max() < 4 * (runs * p * (1 - p)) ** 0.5


def test_of_size_zero_nothing_is_kept_and_everything_counted():
    assert reservoir(numbered(0, 5), 5, numbered(5, 3), 0, generator(0)) == (None, 8)


def test_the_given_memory_is_left_as_it_was():
    memory = numbered(0, 5)
    reservoir(memory, 5, numbered(5, 50), 5, generator(0))
    assert numbers(memory) == [0, 1, 2, 3, 4]
