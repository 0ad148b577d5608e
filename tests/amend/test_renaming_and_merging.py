"""A class gets another name, or is counted as another: a version without training."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from tests.amend.worlds import TEST, TRAIN, begun, put, start
from tests.conformance.scenarios import SETTINGS, task_headed

from onward.amend.classes import merged, renamed
from onward.engine.evaluate import judge
from onward.engine.update import update
from onward.errors import InputError, StoreError
from onward.learner import Learner
from onward.record import Score
from onward.store.card import Card
from onward.store.lineage import Lineage
from onward.store.verify import verify
from onward.types import Examples


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    return begun(tmp_path_factory.mktemp("amended")).path


@pytest.fixture
def lineage(made, tmp_path) -> Lineage:
    return Lineage(shutil.copytree(made, tmp_path / "lineage"))


def test_a_renamed_class_keeps_its_id_its_row_and_its_old_name(lineage):
    parent, before = lineage.version("prod"), lineage.load("prod")
    version = renamed(start(lineage), "b", "bee")
    after = lineage.load("prod")
    assert after.classes == ("a", "bee", "c") and after.model.aliases == {"b": "bee"}
    assert torch.equal(after.predict(TEST.inputs).logits, before.predict(TEST.inputs).logits)
    assert after.kept.keys() == before.kept.keys() and after.method == before.method
    assert judge(after, TEST).accuracy == judge(before, TEST).accuracy
    card = version.card
    assert (card.act, card.parent, card.tests) == ("rename b -> bee", parent.id, parent.card.tests)
    assert (card.record, card.verdict, card.data) == (None, None, None)
    facts = card.class_map[1]
    assert (facts.name, facts.id, facts.since, facts.examples, facts.aliases) == ("bee", 1, parent.id, 30, ("b",))
    assert lineage.heads.moves("prod") == [parent.id, version.id] and verify(lineage).problems == ()


def test_a_renamed_version_s_measures_are_its_parent_s(lineage):
    (was,) = lineage.version("prod").card.measures
    (now,) = renamed(start(lineage), "b", "bee").card.measures
    assert now.accuracy == now.parent_accuracy == was.accuracy == judge(lineage.load("prod"), TEST).accuracy
    assert (now.test, now.negative_flips, now.positive_flips, now.old) == (was.test, 0.0, 0.0, True)
    score = was.by_class["b"]
    assert now.by_class["bee"] == Score(score.examples, score.right, score.right, 0) and "b" not in now.by_class


def test_an_older_name_of_a_class_may_come_back(lineage):
    renamed(start(lineage), "b", "bee")
    version = renamed(start(lineage), "bee", "b")
    model = lineage.load("prod").model
    assert model.classes == ("a", "b", "c") and model.aliases == {"bee": "b"}
    assert version.card.class_map[1].aliases == ("bee",)


def test_further_names_follow_a_class_that_is_renamed(lineage):
    merged(start(lineage), "c", "b")
    merged(start(lineage), "x", "b")
    renamed(start(lineage), "b", "bee")
    assert lineage.load("prod").model.aliases == {"c": "bee", "x": "bee", "b": "bee"}


def test_a_merged_class_s_probability_is_added_and_its_examples_count_as_the_other_s(lineage):
    parent, before = lineage.version("prod"), lineage.load("prod")
    version = merged(start(lineage), "c", "a")
    after = lineage.load("prod")
    was, now = (each.predict(TEST.inputs).probabilities for each in (before, after))
    torch.testing.assert_close(now[:, 0], was[:, 0] + was[:, 2])
    torch.testing.assert_close(now[:, 1], was[:, 1])
    assert set(after.predict(TEST.inputs).names) <= {"a", "b"}
    assert version.card.act == "merge c -> a" and version.card.classes == ("a", "b", "c")
    assert version.card.class_map[2].merged_into == "a" and version.card.class_map[0].aliases == ("c",)
    assert [each.since for each in version.card.class_map] == [parent.id] * 3


def test_after_merging_the_test_sets_are_judged_anew_both_versions_by_the_classes_there_are_now(lineage):
    before = lineage.load("prod")
    (told,) = merged(start(lineage), "c", "b").card.measures
    after = lineage.load("prod")
    said_before, said_now, targets = (
        torch.where(ids == 2, 1, ids)
        for ids in (before.predict(TEST.inputs).ids, after.predict(TEST.inputs).ids, TEST.targets)
    )
    was, now = said_before == targets, said_now == targets
    share = [float(each.double().mean()) for each in (now, was, was & ~now, ~was & now)]
    assert [told.accuracy, told.parent_accuracy, told.negative_flips, told.positive_flips] == share
    assert told.accuracy < 1 and told.old, "a test set on which nothing is wrong shows nothing"
    assert told.by_class.keys() == {"a", "b"} and told.by_class["b"].examples == 60


def test_a_test_set_that_cannot_be_read_is_not_told_of_a_merged_version(lineage, tmp_path):
    id = lineage.resolve("prod")
    card = Card(net={}, parent=id, tests=(str(tmp_path / "gone.npz"),), method="replay(size=40, per_batch=8)")
    lineage.promote(lineage.save(lineage.load(id), card).id, "prod")
    version = merged(start(lineage), "c", "a")
    assert version.card.measures == () and version.card.tests == card.tests


def test_a_name_that_is_not_known_becomes_another_name_and_changes_no_bit(lineage, tmp_path):
    before = lineage.load("prod")
    version = merged(start(lineage), "kitten", "b")
    after = lineage.load("prod")
    assert after.classes == before.classes and after.model.aliases == {"kitten": "b"}
    assert torch.equal(after.predict(TEST.inputs).logits, before.predict(TEST.inputs).logits)
    assert version.card.class_map[1].aliases == ("kitten",)


def test_a_class_that_others_were_merged_into_can_be_merged_further(lineage):
    merged(start(lineage), "c", "a")
    version = merged(start(lineage), "a", "b")
    model = lineage.load("prod").model
    assert model.aliases == {"c": "b", "a": "b"} and model.live == ("b",)
    assert [each.merged_into for each in version.card.class_map] == ["b", "", "b"]


def test_an_update_goes_on_from_a_merged_version_and_counts_by_what_is_meant(lineage):
    merged(start(lineage), "c", "a")
    child, _ = update(lineage.load("prod"), Examples(TRAIN.inputs, TRAIN.targets, ("a", "b", "c")), SETTINGS, seed=2)
    assert child.classes == ("a", "b", "c") and judge(child, TRAIN).accuracy > 0.9


def test_without_a_head_the_version_is_kept_and_nothing_names_it(lineage):
    before = lineage.heads.all()
    version = renamed(start(lineage, head=None), "b", "bee")
    assert lineage.heads.all() == before and lineage.load(version.id).classes == ("a", "bee", "c")


def test_another_head_can_be_made(lineage):
    version = renamed(start(lineage, head="trial"), "b", "bee")
    assert lineage.resolve("trial") == version.id and lineage.resolve("prod") == version.card.parent


def test_a_head_that_moved_meanwhile_is_left_where_it_is(lineage):
    going = start(lineage)
    theirs = renamed(start(lineage), "a", "ant")
    with pytest.raises(StoreError, match="another update was faster"):
        renamed(going, "b", "bee")
    assert lineage.resolve("prod") == theirs.id and len(lineage.ids()) == 3


RENAMES = [
    ("bb", "x", "unknown class 'bb'. Did you mean 'b'? There are: a, b"),
    ("c", "x", "'c' is counted as 'a' (id 0); rename 'a' instead"),
    ("kitten", "x", "'kitten' is counted as 'b' (id 1); rename 'b' instead"),
    (
        "a",
        "b",
        "'b' is a class already (id 1), so 'a' (id 0) cannot be called that. To count one as the other",
    ),
    ("a", "c", "'c' is a class already (id 2), so 'a' (id 0) cannot be called that"),
    ("a", "a", "'a' is a class already (id 0)"),
    ("a", "kitten", "'kitten' is another name of 'b' (id 1) already, so 'a' (id 0) cannot be called that"),
    ("a", " x", "a class's name is a text that neither begins nor ends with a blank, got ' x'"),
    ("a", "", "a class's name is a text that neither begins nor ends with a blank, got ''"),
]

MERGES = [
    ("a", "bb", "unknown class 'bb'. Did you mean 'b'? There are: a, b"),
    ("b", "c", "'c' is counted as 'a' (id 0); merge into 'a' instead"),
    ("b", "kitten", "'kitten' is counted as 'b' (id 1); merge into 'b' instead"),
    ("a", "a", "'a' cannot be merged into itself; name two"),
    ("c", "b", "'c' means 'a' already, so it cannot mean 'b'; merge 'a' into 'b' if they are one"),
    ("kitten", "a", "'kitten' means 'b' already, so it cannot mean 'a'; merge 'b' into 'a' if they are one"),
    ("x ", "a", "neither begins nor ends with a blank, got 'x '"),
]


@pytest.fixture(scope="module")
def conflicting(made, tmp_path_factory) -> Lineage:
    """A lineage in which c is counted as a, and b has another name."""
    lineage = Lineage(shutil.copytree(made, tmp_path_factory.mktemp("conflicting") / "lineage"))
    merged(start(lineage), "c", "a")
    merged(start(lineage), "kitten", "b")
    return lineage


CONFLICTS = [*((renamed, *each) for each in RENAMES), *((merged, *each) for each in MERGES)]


@pytest.mark.parametrize(("act", "one", "other", "said"), CONFLICTS)
def test_a_conflict_is_refused_with_both_sides_and_nothing_is_written(conflicting, act, one, other, said):
    before = conflicting.ids(), conflicting.heads.all()
    with pytest.raises(InputError) as refused:
        act(start(conflicting), one, other)
    assert said in str(refused.value)
    assert (conflicting.ids(), conflicting.heads.all()) == before


def test_classes_of_two_tasks_are_not_merged(tmp_path):
    lineage, model = Lineage.create(tmp_path), task_headed()
    model.grow("ab", seed=0)
    model.grow("c", seed=0)
    lineage.promote(lineage.save(Learner(model.eval()), Card(net={})).id, "prod")
    with pytest.raises(InputError, match=r"'c' is of task 1 and 'a' of task 0, .*; merge classes of one task"):
        merged(start(lineage), "c", "a")
    assert merged(start(lineage), "b", "a").card.act == "merge b -> a"


def test_a_name_that_cannot_be_a_head_s_is_refused_first(lineage):
    with pytest.raises(InputError, match="a head's name is"):
        start(lineage, head="dead")


def test_a_test_set_may_say_either_name(lineage, tmp_path):
    renamed(start(lineage), "b", "bee")
    for names in ("abc", ("a", "bee", "c")):
        put(tmp_path / "test.npz", Examples(TEST.inputs, TEST.targets, tuple(names)))
        told = judge(lineage.load("prod"), Examples(TEST.inputs, TEST.targets, tuple(names)))
        assert told.accuracy == judge(lineage.load("prod~1"), TEST).accuracy
