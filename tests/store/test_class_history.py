"""A version's classes, from cards that have a map and from those written before there was one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.store.worlds import learner, saved

from onward.errors import InputError
from onward.store.card import Card, DataFacts
from onward.store.class_history import classes_of, continued
from onward.store.class_map import ClassFacts
from onward.store.lineage import Lineage

FIXTURE = Path(__file__).parent / "fixtures" / "v1"


@pytest.fixture
def old(tmp_path) -> Lineage:
    """A lineage whose cards have no map: init, then left and right, then up."""
    return Lineage(shutil.copytree(FIXTURE, tmp_path / "v1"))


def test_cards_without_a_map_tell_it_together(old):
    tuesday, monday, start = old.history("prod")
    assert classes_of(old, start) == ()
    # monday.npz has 10 of each; tuesday.npz 10 of left and of up.
    assert classes_of(old, monday) == (ClassFacts("left", 0, "", 10), ClassFacts("right", 1, "", 10))
    assert classes_of(old, tuesday) == (
        ClassFacts("left", 0, monday.id, 20),
        ClassFacts("right", 1, monday.id, 10),
        ClassFacts("up", 2, "", 10),
    )


def test_a_child_of_an_old_card_gets_a_map_of_its_own(old):
    parent = old.version("prod")
    model = old.load(parent.id).model
    model.grow(["down"], seed=0)
    card = Card(net={}, parent=parent.id, data=DataFacts("wednesday.npz", 4, {"down": 3, "left": 1}, "00"))
    found = continued(old, model, card)
    assert [(each.name, each.since[:8], each.examples) for each in found] == [
        ("left", "36683fb9", 21),
        ("right", "36683fb9", 10),
        ("up", "96fd6fe4", 10),
        ("down", "", 3),
    ]


def test_what_an_ancestor_that_is_gone_knew_begins_with_its_child(old):
    tuesday, monday, _ = old.history("prod")
    shutil.rmtree(monday.path)
    assert classes_of(old, tuesday) == tuple(
        ClassFacts(name, id, "", count) for id, (name, count) in enumerate([("left", 10), ("right", 0), ("up", 10)])
    )


def test_a_map_in_the_card_is_taken_as_it_is(tmp_path):
    lineage = Lineage.create(tmp_path)
    told = (ClassFacts("a", 0, "", 7), ClassFacts("b", 1, "", 0, ("x",)))
    version = saved(lineage, 1, class_map=told)
    assert classes_of(lineage, lineage.version(version.id)) == told


def test_a_model_with_other_classes_than_its_parent_s_is_refused(tmp_path):
    lineage = Lineage.create(tmp_path)
    parent = saved(lineage, 1)
    with pytest.raises(InputError, match=f"of version {parent.short}: id 0 is 'a' there and 'b' here; id 1 is 'b' th"):
        continued(lineage, learner(2, "ba").model, Card(net={}, parent=parent.id))
