"""Duplicates, labels that disagree, and overlap with test sets are counted and dealt with as said."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from onward.content import contents, digests
from onward.datasets.hygiene import Cleaned, cleaned
from onward.datasets.reading import Care
from onward.errors import InputError
from onward.types import Data, Examples, View


def holding(values: list[int], classes: list[int] | None = None) -> Examples:
    """One example for each value, which is its content."""
    targets = torch.tensor([0] * len(values) if classes is None else classes, dtype=torch.int64)
    return Examples(torch.tensor(values, dtype=torch.int32).view(-1, 1), targets, ("cat", "dog", "owl"))


def dealt_with(new: Data, *tests: list[int], **care: str) -> Cleaned:
    by_source = {f"test{k}": digests(holding(values)) for k, values in enumerate(tests)}
    return cleaned(new, contents(new), by_source, Care(**care))


def values(data: Data) -> list[int]:
    return data.take(torch.arange(len(data))).inputs[:, 0].tolist()


def test_what_is_as_it_should_be_stays_the_very_object():
    new = holding([1, 2, 3])
    found = dealt_with(new, [4, 5])
    assert found.data is new
    assert (found.duplicates, found.contradictions, found.overlap, found.dropped) == (0, 0, {}, 0)
    assert np.array_equal(found.digests, digests(new))


def test_duplicates_are_counted_beyond_the_first_of_each_content():
    new = holding([7, 7, 1, 7, 2, 1])  # 7 comes twice more, 1 once more
    kept = dealt_with(new)
    assert kept.data is new and (kept.duplicates, kept.dropped) == (3, 0)
    dropped = dealt_with(new, duplicates="drop")
    assert values(dropped.data) == [7, 1, 2] and (dropped.duplicates, dropped.dropped) == (3, 3)


def test_labels_that_disagree_are_counted_with_all_who_disagree():
    # 7 is a cat twice and once a dog; 1 is a dog both times; 2 is by itself.
    found = dealt_with(holding([7, 7, 1, 7, 2, 1], [0, 1, 1, 0, 2, 1]))
    assert (found.duplicates, found.contradictions) == (3, 3)


def test_overlap_is_counted_for_each_test_set_and_left_out_of_training():
    new = holding([1, 2, 3, 4, 5])
    found = dealt_with(new, [2, 9], [8], [5, 2, 2])
    assert found.overlap == {"test0": 1, "test2": 2}
    assert values(found.data) == [1, 3, 4] and found.dropped == 2
    assert np.array_equal(found.digests, digests(found.data))
    kept = dealt_with(new, [2, 9], [8], [5, 2, 2], overlap="keep")
    assert kept.data is new and kept.overlap == found.overlap and kept.dropped == 0


def test_what_is_refused_is_counted_and_shown_with_the_way_out():
    new = holding([7, 7, 1, 7, 2, 1])
    with pytest.raises(InputError) as caught:
        dealt_with(new, duplicates="refuse")
    assert str(caught.value) == (
        "3 of 6 new examples (rows 1, 3, 5) have the content of one before them. Take them out, or keep the first of "
        "each: --duplicates drop"
    )
    with pytest.raises(InputError) as caught:
        dealt_with(new, [7, 2], [2], overlap="refuse")
    assert str(caught.value) == (
        "4 of 6 new examples (rows 0, 1, 3, 4) are in a test set as well: test0 (4), test1 (1). Take them out, leave "
        "them out of training: --overlap drop, or train on them: --overlap keep"
    )


def test_all_that_is_refused_is_said_at_once():
    with pytest.raises(InputError, match=r"--duplicates drop; 1 of 3 new examples .*--overlap keep"):
        dealt_with(holding([1, 1, 2]), [2], duplicates="refuse", overlap="refuse")


def test_nothing_is_refused_where_nothing_is_found():
    new = holding([1, 2, 3])
    assert dealt_with(new, [4], duplicates="refuse", overlap="refuse").data is new


def test_when_all_are_in_a_test_set_nothing_is_left():
    new = holding(list(range(200)))
    with pytest.raises(
        InputError, match=r"all 200 new examples are in the test set test0; nothing is left to train on"
    ):
        dealt_with(new, list(range(300)))
    with pytest.raises(InputError, match=r"all 200 new examples are in the test sets test0, test1; .*--overlap keep"):
        dealt_with(new, list(range(150)), list(range(100, 200)))
    assert len(dealt_with(new, list(range(300)), overlap="keep").data) == 200


def test_data_that_does_not_lie_in_memory_is_viewed_not_copied():
    held = holding([1, 2, 2, 3])
    found = dealt_with(View(held, torch.arange(4), held.targets, held.classes), [3], duplicates="drop")
    assert isinstance(found.data, View) and found.data.data is held
    assert values(found.data) == [1, 2]


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2)), min_size=1, max_size=20),
    st.lists(st.integers(0, 5), max_size=4),
    st.sampled_from(["keep", "drop"]),
    st.sampled_from(["keep", "drop"]),
)
def test_it_is_what_counting_by_hand_gives(pairs, tested, duplicates, overlap):
    """The same, said with Python's own sets."""
    contents_of, classes = [content for content, _ in pairs], [k for _, k in pairs]
    by_content = {content: {k for c, k in pairs if c == content} for content in contents_of}
    stays, seen = [], set()
    for content in contents_of:
        if not (content in tested and overlap == "drop") and not (content in seen and duplicates == "drop"):
            stays.append(content)
        seen.add(content)
    new = holding(contents_of, classes)
    if not stays:
        with pytest.raises(InputError, match="nothing is left"):
            dealt_with(new, tested, duplicates=duplicates, overlap=overlap)
        return
    found = dealt_with(new, tested, duplicates=duplicates, overlap=overlap)
    assert values(found.data) == stays
    assert found.duplicates == sum(count - 1 for count in Counter(contents_of).values())
    assert found.contradictions == sum(len(by_content[content]) > 1 for content in contents_of)
    assert sum(found.overlap.values()) == sum(content in tested for content in contents_of)
    assert found.dropped == len(pairs) - len(stays)


def test_the_class_of_an_example_is_no_part_of_its_content():
    new = replace(holding([1, 2]), targets=torch.tensor([2, 2]))
    assert dealt_with(new, [2]).overlap == {"test0": 1}
