"""The classes of a lineage go on from parent to child, and what does not is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onward.errors import InputError
from onward.store.class_map import ClassFacts, class_map

PARENT = "7f3a91c2" * 8


def first(classes="ab", aliases=None, counts=None):
    return class_map((), "", tuple(classes), aliases or {}, counts or {})


def test_a_first_map_gives_ids_in_order():
    assert first(counts={"a": 3, "b": 2}) == (ClassFacts("a", 0, "", 3), ClassFacts("b", 1, "", 2))


def test_new_classes_come_after_and_old_ones_learn_where_they_are_from():
    child = class_map(first(counts={"a": 3}), PARENT, "abc", {}, {"c": 5, "a": 1})
    assert child == (ClassFacts("a", 0, PARENT, 4), ClassFacts("b", 1, PARENT, 0), ClassFacts("c", 2, "", 5))
    grandchild = class_map(child, "1d" * 32, "abc", {}, {})
    assert [each.since for each in grandchild] == [PARENT, PARENT, "1d" * 32]


def test_examples_are_counted_under_whatever_name_they_came():
    merged = class_map(first("abc"), PARENT, "abc", {"c": "a", "x": "b"}, {"c": 1, "a": 2, "x": 4, "elsewhere": 8})
    assert [each.examples for each in merged] == [3, 4, 0]


def test_a_renamed_class_keeps_its_id_and_its_old_name():
    child = class_map(first(counts={"a": 3}), PARENT, ("cat", "b"), {"a": "cat"}, {})
    assert child[0] == ClassFacts("cat", 0, PARENT, 3, aliases=("a",))
    back = class_map(child, PARENT, ("a", "b"), {"cat": "a"}, {})
    assert back[0] == ClassFacts("a", 0, PARENT, 3, aliases=("cat",))


def test_a_merged_class_stays_and_is_counted_as_the_other():
    child = class_map(first("abc"), PARENT, "abc", {"c": "a", "x": "a"}, {})
    assert child[0].aliases == ("c", "x") and child[2].merged_into == "a" and child[1].aliases == ()
    further = class_map(child, PARENT, "abc", {"c": "b", "x": "b", "a": "b"}, {})
    assert further[1].aliases == ("c", "x", "a") and further[2].merged_into == "b"


@pytest.mark.parametrize(
    ("classes", "aliases", "said"),
    [
        ("b", {"x": "b", "c": "b"}, "id 0 is 'a' there and 'b' here"),
        ("bac", {"x": "b"}, "id 0 is 'a' there and 'b' here; id 1 is 'b' there and 'a' here"),
        ("ab", {"x": "b"}, "'c' (id 2) is there and not here"),
        ("abd", {"x": "b", "c": "a"}, "id 2 is 'c' there and 'd' here"),
        ("abc", {"c": "a"}, "'x' means 'b' there and 'nothing' here"),
        ("abc", {"c": "a", "x": "a"}, "'x' means 'b' there and 'a' here"),
        ("abc", {"c": "b", "x": "b"}, "'c' means 'a' there and 'b' here"),
        ("abc", {"x": "b"}, "'c' means 'a' there and 'c' here"),
    ],
)
def test_what_does_not_go_on_from_the_parent_is_refused_with_both_sides(classes, aliases, said):
    before = first("abc", {"c": "a", "x": "b"})
    with pytest.raises(InputError) as refused:
        class_map(before, PARENT, tuple(classes), aliases, {})
    assert str(refused.value).startswith("the classes do not go on from those of version 7f3a91c2: ")
    assert said in str(refused.value) and "`onward rename`" in str(refused.value)


@given(st.lists(st.text(min_size=1, max_size=2), unique=True, max_size=6), st.data())
def test_a_lineage_that_only_appends_is_never_refused(names, draw):
    at = draw.draw(st.integers(0, len(names)))
    before = first(names[:at], counts=dict.fromkeys(names, 1))
    child = class_map(before, PARENT, names, {}, dict.fromkeys(names, 2))
    assert [(each.name, each.id) for each in child] == list(zip(names, range(len(names)), strict=True))
    assert [each.examples for each in child] == [3] * at + [2] * (len(names) - at)
