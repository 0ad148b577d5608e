"""What a line was trained on, told by one card, is what all of its cards tell."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.store.worlds import learner, lying

from onward.errors import StoreError
from onward.store.card import Card, DataFacts
from onward.store.line import gone_on, line_of, so_far, told_by
from onward.store.lineage import Lineage
from onward.store.so_far import NOTHING, SoFar, summed
from onward.store.version import Version

PORTIONS = st.tuples(st.integers(0, 50), st.sampled_from(["", "x", "y", "z"]))


@pytest.fixture
def lineage(tmp_path):
    return Lineage.create(tmp_path)


def of(examples: int, fingerprint: str, columns: tuple[str, ...] = ()) -> DataFacts:
    return DataFacts("x.npz", examples, {}, fingerprint, columns)


def kept(lineage: Lineage, parent: Version | None, data: DataFacts | None, tell: bool = True, **facts: str) -> Version:
    card = Card(net={}, parent=parent.id if parent else None, data=data, **facts)
    return lineage.save(learner(1, ""), replace(card, so_far=so_far(lineage, card) if tell else None))


def line(lineage: Lineage, tell: bool) -> Version:
    first = kept(lineage, None, None, tell)
    second = kept(lineage, first, of(30, "p", ("b", "a")), tell, method="joint")
    third = kept(lineage, second, None, tell, act="rename")
    return kept(lineage, third, of(20, "q"), tell, method="joint | replay(size=5)")


@pytest.mark.parametrize("tell", [True, False])
def test_examples_columns_data_and_joint_go_on_along_a_line(lineage, tell):
    digest = summed(summed(NOTHING, "q"), "p")
    last = line(lineage, tell)
    assert so_far(lineage, last.card) == SoFar(50, True, True, ("b", "a"), digest)
    other = kept(lineage, last, of(7, "r", ("c",)), tell, method="ewc")
    assert so_far(lineage, other.card) == SoFar(57, True, False, ("c",), summed(digest, "r"))


def test_one_card_is_read_where_the_parent_s_tells(lineage, monkeypatch):
    last, read = line(lineage, tell=True), []
    monkeypatch.setattr(Lineage, "read", lambda self, id, real=Lineage.read: (read.append(id), real(self, id))[1])
    assert so_far(lineage, Card(net={}, parent=last.id)) == last.card.so_far and read == [last.id]


def test_a_line_that_began_with_a_model_whose_data_was_not_told_is_not_known_to_its_end(lineage):
    brought = lineage.save(learner(1), Card(net={}))
    told = lineage.save(learner(1), Card(net={}, data=of(900, "")))
    assert [kept(lineage, each, of(5, "p")).card.so_far.known for each in (brought, told)] == [False, True]
    assert kept(lineage, told, of(5, "p")).card.so_far.examples == 905


def test_nothing_is_told_where_a_card_that_is_needed_is_gone(lineage):
    last = line(lineage, tell=False)
    (lineage.read(last.card.parent).path / "card.json").unlink()
    assert so_far(lineage, last.card) is None and line_of(lineage, last.card) is None


@given(st.lists(PORTIONS, min_size=1, max_size=6), st.randoms())
def test_the_order_of_portions_does_not_matter_and_what_comes_twice_counts_twice(portions, random):
    def told(each):
        return told_by([Card(net={}), *(Card(net={}, data=of(*portion)) for portion in each)])

    shuffled = random.sample(portions, len(portions))
    assert told(shuffled) == told(portions)
    assert told([*portions, portions[0]]).digest != told(portions).digest


def test_what_was_not_trained_leaves_all_as_it_was():
    assert gone_on(SoFar(3, False, False), Card(net={}, act="forget")) == SoFar(3, False, False)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"digest": "x"}, "digest must be 64 digits of a hash"),
        ({"digest": "0" * 65}, "digest must be 64 digits of a hash"),
        ({"examples": -1}, "examples must be >= 0"),
    ],
)
def test_a_card_that_lies_is_refused(lineage, changed, said):
    last = line(lineage, tell=True)
    values = {"examples": 1, "known": True, "joint": True, "columns": [], "digest": NOTHING} | changed
    with pytest.raises(StoreError, match=said):
        lineage.read(lying(lineage, last, so_far=values))
