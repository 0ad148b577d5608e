"""A version made of several, from references to a head that moved or stayed."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tests.amend.worlds import put
from tests.blend.worlds import TEST, elsewhere, family, kept, knowing, trained
from tests.conformance.scenarios import clouds

from onward.blend.making import Recipe, blended, last_of
from onward.engine.evaluate import judge
from onward.errors import InputError
from onward.record import Blend
from onward.release.rules import CONFIG
from onward.store.class_history import classes_of
from onward.store.line import line_of, so_far, told_by
from onward.store.lineage import Lineage
from onward.store.verify import verify

HELD = clouds("abc", 20)


@pytest.fixture
def world(tmp_path):
    return family(tmp_path)


def loosen(lineage: Lineage, more: str = "") -> None:
    (lineage.path / CONFIG).write_text(f"[gate]\nmargin = 1.0\nnegative_flips = 1.0\n{more}")


def refusal(lineage, references, recipe: Recipe | None = None) -> str:
    before = set(lineage.ids())
    with pytest.raises(InputError) as refused:
        blended(lineage, references, recipe or Recipe(), "prod")
    assert set(lineage.ids()) == before
    return str(refused.value)


def test_the_card_names_both_versions_and_their_shares(world):
    lineage, first, child, _ = world
    done = blended(lineage, ["prod", child.id], Recipe(0.4, note="a try"), None)
    card = done.release.version.card
    assert card.blend == Blend({first.id: 0.6, child.id: 0.4}, child.id)
    assert (card.parent, card.act, card.note) == (
        first.id,
        f"blend 0.6 of {first.short} + 0.4 of {child.short}",
        "a try",
    )
    assert (card.record, card.share, card.data, done.choice) == (None, None, None, None)
    assert lineage.read(done.release.version.id).card == card and not verify(lineage).problems


@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_at_either_end_the_weights_on_disk_are_that_version_s_to_the_bit(world, alpha):
    lineage, first, child, _ = world
    made = blended(lineage, [first.id, child.id], Recipe(alpha)).release.version
    own, there = (lineage.load(v.id).model.state_dict() for v in (made, child if alpha else first))
    assert own.keys() == there.keys() and all(torch.equal(own[name], there[name]) for name in own)


def test_it_is_judged_beside_the_first_on_the_test_sets_of_all(world):
    lineage, first, _, last = world
    loosen(lineage)
    release = blended(lineage, ["prod", last.id], Recipe(0.5), "prod").release
    old, new = release.version.card.measures
    assert (old.old, new.old) == (True, False)
    assert old.parent_accuracy == judge(lineage.load(first.id), TEST).accuracy
    assert old.accuracy == judge(lineage.load(release.version.id), TEST).accuracy
    assert release.version.card.tests == last.card.tests
    assert release.parent.id == first.id and release.promoted
    assert lineage.heads.all()["prod"] == release.version.id


def test_one_that_breaks_a_rule_is_kept_and_the_head_stays(world):
    lineage, first, worse, _ = world
    better = kept(lineage, trained(), first, tests=first.card.tests)
    right = [judge(lineage.load(version.id), TEST).accuracy for version in (better, worse)]
    assert right[0] > right[1] + 0.2, "so far apart that the gate sees it"
    lineage.promote(better.id, "best")
    release = blended(lineage, ["best", worse.id], Recipe(1.0), "best").release
    assert (release.verdict.word, release.promoted) == ("FAIL", False)
    assert lineage.heads.all()["best"] == better.id and release.version.id in lineage.ids()


def test_without_an_alpha_all_count_alike(world):
    lineage, first, child, last = world
    made = blended(lineage, [v.id for v in (first, child, last)], Recipe()).release.version
    assert list(made.card.blend.weights.values()) == [1 / 3] * 3
    models = [lineage.load(v.id).model.backbone.layers[1].weight for v in (first, child, last)]
    torch.testing.assert_close(lineage.load(made.id).model.backbone.layers[1].weight, sum(models) / 3)


def test_classes_go_on_from_the_version_that_first_knew_them(world):
    lineage, first, _, last = world
    made = blended(lineage, [first.id, last.id], Recipe(0.3)).release.version
    d = classes_of(lineage, made)[3]
    assert (d.name, d.id, d.since) == ("d", 3, last.id)
    assert blended(lineage, [last.id, first.id], Recipe(0.7)).release.version.card.classes == ("a", "b", "c", "d")


def test_the_line_of_a_blend_has_every_version_once_and_ends_where_all_began(world):
    lineage, first, child, last = world
    sibling = kept(lineage, elsewhere(knowing("a b c", 8), 8), first)
    made = blended(lineage, [sibling.id, child.id, last.id], Recipe()).release.version
    after = kept(lineage, lineage.load(made.id).model, made)
    line = line_of(lineage, after.card)
    order = [each.files["model.safetensors"] for each in line]
    places = [order.index(each.card.files["model.safetensors"]) for each in (after, made, sibling, child, last, first)]
    assert len(line) == 6 and places[0] == 0 and places[-1] == 5 and places[4] < places[3]
    assert so_far(lineage, after.card) == told_by(reversed(line))
    (sibling.path / "card.json").unlink()
    assert line_of(lineage, last.card) is not None and line_of(lineage, after.card) is None


def test_a_part_that_is_gone_is_found(world):
    lineage, first, child, _ = world
    made = blended(lineage, [first.id, child.id], Recipe(0.5)).release.version
    child.path.rename(lineage.path / "aside")
    problems = verify(lineage).problems
    assert f"version {made.short}: a part of its blend, {child.short} is gone; restore it from a copy." in (problems)


def test_what_was_chosen_and_on_what_is_in_the_card(world, tmp_path):
    lineage, first, child, last = world
    held = put(tmp_path / "held.npz", HELD)
    done = blended(lineage, [first.id, child.id], Recipe(chosen_on=(held,), points=5))
    assert len(done.choice.tried) == 5 and done.choice.chosen in done.choice.tried
    card = done.release.version.card
    shares = tuple(card.blend.weights[version.id] for version in (first, child))
    assert card.blend.chosen_on == (held,) and shares == done.choice.chosen.weights
    soup = blended(lineage, [first.id, child.id, last.id], Recipe(chosen_on=(held,)))
    assert len(soup.choice.tried) == 5
    readme = (done.release.version.path / "README.md").read_text()
    assert "its weights are a mean, `blend " in readme and f"were chosen on {held}." in readme


def test_where_the_version_in_use_is_best_none_is_made(world, tmp_path):
    lineage, first, _, _ = world
    twin = kept(lineage, knowing("a b c", 1), first)
    before = set(lineage.ids())
    done = blended(lineage, [first.id, twin.id], Recipe(chosen_on=(put(tmp_path / "held.npz", HELD),)), "prod")
    assert done.release is None and done.choice.chosen.weights == (1.0, 0.0) and set(lineage.ids()) == before


def test_it_is_not_chosen_on_what_it_is_judged_by(world, tmp_path):
    lineage, first, child, _ = world
    rows = torch.arange(3)
    few = type(TEST)(TEST.inputs[rows], TEST.targets[rows], TEST.classes)
    said = refusal(lineage, [first.id, child.id], Recipe(chosen_on=(put(tmp_path / "few.npz", few),)))
    assert said.startswith("3 examples of ") and "are in the test set " in said
    assert said.endswith("which judges what is chosen; choose on examples of their own")


def test_statistics_are_told_where_they_were_taken(world, tmp_path):
    lineage, first, child, _ = world
    source = put(tmp_path / "train.npz", clouds("abc", 1))
    done = blended(lineage, [first.id, child.id], Recipe(0.5, statistics=(source, source)))
    assert done.release.version.card.blend.statistics == (source, source)
    assert len(done.parts.statistics) == 90, "named twice, taken once"


def test_an_exemplar_free_lineage_keeps_no_example_by_a_blend(world):
    lineage, first, _, _ = world
    keeper = kept(lineage, elsewhere(knowing("a b c", 5), 5), first, method="replay(size=9)")
    loosen(lineage, "\n[privacy]\nexemplar_free = true\n")
    assert "exemplar-free none may be kept" in refusal(lineage, [first.id, keeper.id], Recipe(0.5))


def test_a_latency_budget_is_asked_of_a_blend_too(world):
    lineage, first, child, _ = world
    loosen(lineage, "\n[gate.budget]\nlatency = 100\nparameters = 1.0\nseconds = 1.0\n")
    findings = blended(lineage, [first.id, child.id], Recipe(0.5)).release.verdict.findings
    told = {finding.rule: finding.status for finding in findings if "accuracy" not in finding.rule}
    assert set(told.values()) <= {"pass", "unchecked"} and list(told.values()).count("pass") >= 3, told


def test_a_version_and_those_before_it(world):
    lineage, first, child, last = world
    assert last_of(lineage, last.id, 2) == [last.id, child.id]
    assert last_of(lineage, last.id, 3) == [last.id, child.id, first.id]
    for count in (1, 4):
        with pytest.raises(InputError, match=f"those before it are 3 versions, got --last {count}"):
            last_of(lineage, last.id, count)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"alpha": 1.5}, "alpha must be in [0, 1], got 1.5"),
        ({"alpha": -0.1}, "alpha must be in [0, 1], got -0.1"),
        ({"alpha": float("nan")}, "alpha must be in [0, 1], got nan"),
        ({"alpha": 0.5, "chosen_on": ("x",)}, "alpha must be left out where it is to be chosen, got 0.5"),
        ({"points": 1}, "points must be >= 2, got 1"),
    ],
)
def test_a_recipe_that_cannot_be_followed_is_refused(given, said):
    with pytest.raises(InputError) as refused:
        Recipe(**given)
    assert str(refused.value) == said


def test_too_few_too_many_and_strangers_are_refused(world):
    lineage, first, child, last = world
    assert "two versions at least" in refusal(lineage, [first.id])
    three = [v.id for v in (first, child, last)]
    assert "alpha lies between two versions, and 3 are named" in refusal(lineage, three, Recipe(0.5))
    stranger = kept(lineage, knowing("a b c", 9))
    assert "have no common ancestor" in refusal(lineage, [first.id, stranger.id])
    assert "unknown head or version 'prdo'. Did you mean 'prod'?" in refusal(lineage, ["prdo", first.id])
    assert "there is no file or folder" in refusal(lineage, [first.id, child.id], Recipe(chosen_on=("./nowhere",)))
    with pytest.raises(InputError, match="a head's name is"):
        blended(lineage, [first.id, child.id], Recipe(0.5), "dead")
    assert not Path("nowhere").exists()
