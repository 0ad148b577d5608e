"""Examples, views and joins give what indexing gives, whatever they are made of."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from onward.errors import InputError
from onward.types import Data, Examples, Joined, View, aligned, counted_by, in_order, joined, present, subset

NAMES = tuple("abcd")


def leaf(labels: str, first: int = 0) -> Examples:
    """One example for each letter; its inputs are two numbers that no other example has."""
    inputs = torch.arange(first, first + len(labels))[:, None] + torch.tensor([0.0, 0.5])
    return Examples(inputs, torch.tensor([NAMES.index(name) for name in labels], dtype=torch.int64), NAMES)


def lazily(data: Data) -> View:
    return View(data, torch.arange(len(data)), data.targets, data.classes)


def told(data: Data, rows: torch.Tensor | None = None) -> list[tuple[float, str]]:
    """The inputs' first number and the class name of each row: what does not depend on how the data lies."""
    batch = data.take(torch.arange(len(data)) if rows is None else rows)
    names = [data.classes[k] for k in batch.targets.tolist()]
    return list(zip(batch.inputs[:, 0].tolist(), names, strict=True))


def expected(labels: str, first: int = 0) -> list[tuple[float, str]]:
    return [(float(first + place), name) for place, name in enumerate(labels)]


labels = st.text("abcd", max_size=8)


@st.composite
def made(draw) -> tuple[Data, list[tuple[float, str]]]:
    """Data put together by a few operations, and the list that it should be."""
    letters = draw(labels)
    data, truth = leaf(letters), expected(letters)
    for step in range(draw(st.integers(0, 4))):
        what = draw(st.sampled_from(["subset", "view", "align", "join"]))
        if what == "subset":
            rows = draw(st.lists(st.integers(0, len(truth) - 1), max_size=8)) if truth else []
            data, truth = subset(data, torch.tensor(rows, dtype=torch.int64)), [truth[row] for row in rows]
        elif what == "view":
            data = lazily(data)
        elif what == "align":
            data = aligned(data, (*draw(st.permutations(NAMES)), "e"))
        else:
            letters, first = draw(labels), 100 * (step + 1)
            other = aligned(leaf(letters, first), data.classes)
            data = joined(data, lazily(other) if draw(st.booleans()) else other)
            truth = truth + expected(letters, first)
    return data, truth


@given(made(), st.data())
def test_data_of_any_make_gives_the_rows_that_were_asked_for(pair, draw):
    data, truth = pair
    rows = draw.draw(st.lists(st.integers(0, len(truth) - 1), max_size=12)) if truth else []
    assert isinstance(data, Data) and len(data) == len(truth)
    assert told(data) == truth
    assert told(data, torch.tensor(rows, dtype=torch.int64)) == [truth[row] for row in rows]


@given(made(), st.integers(1, 5))
def test_in_order_passes_over_everything_once(pair, size):
    data, truth = pair
    batches = list(in_order(data, size))
    assert [value for batch in batches for value in batch.inputs[:, 0].tolist()] == [one[0] for one in truth]
    assert all(len(batch.targets) == size for batch in batches[:-1])


@given(made())
def test_aligning_changes_ids_and_never_names(pair):
    data, truth = pair
    there = present(data)
    assert set(there) == {name for _, name in truth}
    assert told(aligned(data, ("z", *sorted(there, reverse=True)))) == truth
    places = counted_by(data, ("d", "b")).tolist()
    assert places == [{"d": 0, "b": 1}.get(name, -1) for _, name in truth]


def test_memory_stays_memory_and_what_lies_elsewhere_is_not_copied():
    here = leaf("abca")
    assert aligned(here, NAMES) is here
    assert isinstance(subset(here, torch.tensor([1])), Examples)
    assert isinstance(joined(here, here), Examples)
    far = joined(here, lazily(here))
    assert isinstance(far, Joined)
    piece = subset(subset(far, torch.tensor([7, 0, 4])), torch.tensor([2, 0]))
    assert isinstance(piece, View) and piece.data is far and piece.rows.tolist() == [4, 7]
    again = aligned(piece, tuple("dcba"))
    assert isinstance(again, View) and again.data is far, "a view of a view reads through one view"


def test_joined_with_nothing_is_the_same_object():
    here, nothing = leaf("ab"), subset(leaf("ab"), torch.zeros(0, dtype=torch.int64))
    assert joined(here) is here
    assert joined(here, nothing) is here


def test_examples_stay_where_they_are_when_they_are_there():
    here = leaf("ab")
    assert here.to("cpu") is here


@pytest.mark.gpu
def test_examples_go_to_a_device_whole():
    there = leaf("ab").to("cuda")
    assert there.inputs.is_cuda and there.targets.is_cuda and there.classes == NAMES


@pytest.mark.parametrize(
    ("inputs", "targets", "classes", "said"),
    [
        (torch.zeros(3, 2), torch.zeros(2, dtype=torch.int64), ("a",), "3 inputs but 2 targets"),
        (torch.zeros(2, 2), torch.zeros(2, dtype=torch.int32), ("a",), r"int64 class ids, got torch.int32 of .*\(2,\)"),
        (torch.zeros(2, 2), torch.zeros(2, 1, dtype=torch.int64), ("a",), r"got torch.int64 of shape \(2, 1\)"),
        (torch.zeros(1, 2), torch.zeros(1, dtype=torch.int64), ("a", "b", "a"), "these come twice: a"),
        (torch.zeros(4, 2), torch.tensor([0, 2, -1, 2]), ("a", "b"), r"3 of 4 .*: -1, 2; with 2 class .*\[0, 2\)"),
    ],
)
def test_examples_that_do_not_fit_are_refused_with_what_came(inputs, targets, classes, said):
    with pytest.raises(InputError, match=said):
        Examples(inputs, targets, classes)


def test_aligning_names_the_classes_that_the_model_does_not_know():
    with pytest.raises(InputError, match=r"does not know: b, d$"):
        aligned(leaf("abcd"), ("a", "c"))
    assert aligned(leaf("ac"), ("c", "a")).targets.tolist() == [1, 0], "a name without examples may be missing"


def test_joining_under_different_names_or_shapes_is_refused():
    other = Examples(torch.zeros(1, 3), torch.zeros(1, dtype=torch.int64), NAMES)
    with pytest.raises(InputError, match="align them"):
        joined(leaf("ab"), aligned(leaf("ab"), ("b", "a")))
    with pytest.raises(InputError) as shapes:
        joined(leaf("ab"), other)
    assert "(2,) float32" in str(shapes.value) and "(3,) float32" in str(shapes.value)
