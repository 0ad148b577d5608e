"""Scenarios: what arrives in each experience, and what it is tested on."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from onward.errors import InputError
from onward.rng import generator
from onward.streams.scenario import (
    class_incremental,
    data_incremental,
    domain_incremental,
    in_turn,
    task_incremental,
)
from onward.streams.shifts import Inversion, Unshifted, permuted, rotated
from onward.types import Examples, View, present

NAMES = ("ant", "bee", "cat", "dog", "eel", "fox", "gnu")


def numbered(n, classes=4, seed=0):
    """Examples whose input is their row, each class at least once."""
    drawn = torch.randint(classes, (n - classes,), generator=generator(seed, "targets"))
    targets = torch.cat([torch.arange(classes), drawn])
    return Examples(torch.arange(n, dtype=torch.float64)[:, None], targets, NAMES[:classes])


def rows(data):
    return data.take(torch.arange(len(data))).inputs.flatten().long().tolist()


def same(stream, other):
    return all(
        (a.name, a.candidates, rows(a.train), rows(a.test)) == (b.name, b.candidates, rows(b.train), rows(b.test))
        for a, b in zip(stream, other, strict=True)
    )


splits = st.sampled_from([data_incremental, class_incremental, task_incremental])


@given(splits, st.integers(1, 4), st.integers(0, 2**32), st.integers(8, 60))
def test_experiences_are_disjoint_and_cover_the_training_data(cut, parts, seed, n):
    train, test = numbered(n), numbered(9, seed=1)
    stream = cut(train, test, parts, seed)
    assert len(stream) == parts
    assert sorted(row for experience in stream for row in rows(experience.train)) == list(range(n))
    assert all(torch.equal(experience.train.targets, train.targets[rows(experience.train)]) for experience in stream)
    assert len({experience.name for experience in stream}) == parts
    assert same(stream, cut(train, test, parts, seed))


@pytest.mark.parametrize("cut", [data_incremental, class_incremental, task_incremental])
def test_another_seed_makes_another_stream(cut):
    train, test = numbered(60), numbered(9)
    assert len({str([rows(e.train) for e in cut(train, test, 2, seed)]) for seed in range(8)}) > 1


def test_streams_leave_the_global_random_state_alone():
    before = torch.get_rng_state()
    data_incremental(numbered(20), numbered(5), 2, seed=0, sizes="dirichlet", stratified=True)
    class_incremental(numbered(20), numbered(5), 2, seed=0)
    assert torch.equal(torch.get_rng_state(), before)


@given(st.sampled_from(["uniform", "dirichlet"]), st.booleans(), st.integers(0, 2**32))
def test_data_incremental_tests_every_experience_on_everything(sizes, stratified, seed):
    test = numbered(9)
    stream = data_incremental(numbered(30), test, 5, seed, sizes=sizes, stratified=stratified)
    assert all(experience.test is test for experience in stream)
    assert sum(len(experience.train) for experience in stream) == 30


def test_stratified_experiences_have_equal_counts_when_they_divide():
    targets = torch.arange(4).repeat_interleave(10)
    train = Examples(torch.arange(40)[:, None], targets, NAMES[:4])
    stream = data_incremental(train, train, 5, seed=3, stratified=True)
    assert all(torch.bincount(e.train.targets).tolist() == [2, 2, 2, 2] for e in stream)


def test_a_small_concentration_makes_sizes_less_equal():
    def largest(concentration):
        options = {"sizes": "dirichlet", "concentration": concentration}
        return max(len(e.train) for e in data_incremental(numbered(1000), numbered(9), 4, 0, **options))

    assert largest(1000.0) < 300 < 700 < largest(0.01)


def test_class_incremental_tests_an_experience_on_its_own_classes():
    train, test = numbered(70, classes=7), numbered(21, classes=7, seed=1)
    stream = class_incremental(train, test, 3, seed=0)
    assert [len(present(e.train)) for e in stream] == [3, 2, 2]
    for experience in stream:
        assert present(experience.test) == present(experience.train)
        assert experience.candidates is None
    assert sorted(row for e in stream for row in rows(e.test)) == list(range(21))


def test_classes_arrive_in_the_order_given_whatever_the_seed():
    order = ["dog", "ant", "cat", "bee"]
    for seed in (0, 1):
        stream = class_incremental(numbered(20), numbered(8), 2, seed, order=order)
        assert [e.name for e in stream] == ["classes dog, ant", "classes cat, bee"]
        assert [set(present(e.train)) for e in stream] == [{"dog", "ant"}, {"cat", "bee"}]


def test_every_order_of_classes_comes_equally_often():
    # 3 classes have 6 orders; of 600 seeds each comes 100 times, standard deviation √(600 · 5/36) = 9.1.
    train = numbered(6, classes=3)
    orders = [tuple(e.name for e in class_incremental(train, train, 3, seed)) for seed in range(600)]
    counts = [orders.count(order) for order in set(orders)]
    assert len(counts) == 6
    assert all(abs(count - 100) < 4 * 9.2 for count in counts)


def test_task_incremental_is_class_incremental_with_the_candidates_told():
    train, test = numbered(30), numbered(9)
    classes, tasks = class_incremental(train, test, 2, seed=4), task_incremental(train, test, 2, seed=4)
    assert [e.candidates for e in tasks] == [present(e.train) for e in tasks]
    assert [rows(e.train) for e in tasks] == [rows(e.train) for e in classes]


def test_names_that_no_example_has_are_not_cut():
    train = Examples(torch.arange(4)[:, None], torch.tensor([1, 1, 3, 3]), NAMES[:5])
    stream = class_incremental(train, train, 2, seed=0)
    assert {present(e.train) for e in stream} == {("bee",), ("dog",)}
    assert all(e.train.classes == NAMES[:5] for e in stream)


def test_test_targets_are_counted_by_the_training_names():
    train = numbered(12, classes=3)
    test = Examples(torch.arange(3)[:, None], torch.tensor([0, 1, 2]), ("cat", "ant", "bee"))
    (experience,) = data_incremental(train, test, 1, seed=0)
    assert experience.test.classes == train.classes
    assert experience.test.targets.tolist() == [2, 0, 1]


def test_domain_incremental_shows_all_of_the_data_under_each_shift():
    pixels = torch.randint(256, (6, 1, 4, 4), generator=generator(0), dtype=torch.uint8)
    data = Examples(pixels, torch.tensor([0, 1] * 3), NAMES[:2])
    stream = domain_incremental(data, data, [Unshifted(), Inversion(), *rotated([90])])
    assert [e.name for e in stream] == ["as it is", "inverted", "rotated 90°"]
    wanted = [pixels, 255 - pixels, torch.rot90(pixels, 1, dims=(2, 3))]
    for experience, inputs in zip(stream, wanted, strict=True):
        assert torch.equal(experience.train.inputs, inputs)
        assert torch.equal(experience.test.inputs, inputs)
        assert torch.equal(experience.train.targets, data.targets)


def test_data_that_is_not_in_memory_is_cut_alike():
    data = numbered(24)
    view = View(data, torch.arange(24), data.targets, data.classes)
    for cut in (data_incremental, class_incremental):
        assert same(cut(data, data, 3, 0), cut(view, view, 3, 0))


def test_every_broken_option_is_named_at_once():
    with pytest.raises(InputError) as refused:
        data_incremental(numbered(9), numbered(9), 0, "x", sizes="equal", concentration="high", stratified=1)
    told = str(refused.value)
    assert told.startswith("5 problems in the options of data-incremental: ")
    for part in ("parts", "seed", "sizes", "concentration", "stratified", "'high'", "'equal'"):
        assert part in told


def test_a_part_that_would_be_empty_is_refused_with_the_counts():
    with pytest.raises(InputError, match="9 examples cannot fill 10 parts: 1 would be empty"):
        data_incremental(numbered(9), numbered(9), 10, 0)
    with pytest.raises(InputError, match="4 classes cannot fill 5 parts: 1 would be empty"):
        class_incremental(numbered(9), numbered(9), 5, 0)
    lone = Examples(torch.zeros(1, 1), torch.tensor([0]), NAMES[:4])
    with pytest.raises(InputError, match="the test set of classes bee would get none of the 1 examples"):
        class_incremental(numbered(9), lone, 4, 0, order=["ant", "bee", "cat", "dog"])


def test_data_that_cannot_be_compared_is_refused():
    train = numbered(9, classes=3)
    with pytest.raises(InputError, match=r"1 class\(es\) that the training data has none of: dog"):
        data_incremental(train, numbered(9, classes=4), 2, 0)
    empty = Examples(torch.zeros(0, 1), torch.zeros(0, dtype=torch.int64), NAMES[:3])
    with pytest.raises(InputError, match="got 9 and 0"):
        domain_incremental(train, empty, permuted(2, 0))
    with pytest.raises(InputError, match="at least one shift"):
        domain_incremental(train, train, [])


@pytest.mark.parametrize("order", ["ant", [1, 2], 7])
def test_an_order_that_is_no_list_of_names_is_refused(order):
    with pytest.raises(InputError, match="order must be a list of class names"):
        class_incremental(numbered(9), numbered(9), 2, 0, order=order)


def test_data_sets_in_turn_are_one_stream_under_one_list_of_names():
    first, other = numbered(6, classes=3), numbered(7, classes=4)
    named_otherwise = Examples(other.inputs, other.targets, ("cat", "yak", "ant", "zebu"))
    one, two = in_turn({"small": (first, first), "large": (named_otherwise, named_otherwise)})
    assert (one.name, two.name) == ("small", "large")
    assert one.train.classes == two.test.classes == ("ant", "bee", "cat", "yak", "zebu")
    assert present(two.train) == ("ant", "cat", "yak", "zebu")  # what both name is one class
    assert torch.equal(one.train.targets, first.targets)
    assert two.train.targets[:4].tolist() == [2, 3, 0, 4]


def test_data_sets_of_different_shapes_are_not_put_together():
    wide = Examples(torch.zeros(3, 2), torch.arange(3), NAMES[:3])
    with pytest.raises(InputError, match=r"different shapes: one \(1,\), two \(2,\); bring images to one form"):
        in_turn({"one": (numbered(6), numbered(6)), "two": (wide, wide)})
    with pytest.raises(InputError, match="at least one"):
        in_turn({})
