"""One update of a lineage, from files to a version that is judged, kept, and promoted or not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from onward.catalogue import parsed
from onward.datasets.source import read
from onward.engine.evaluate import judge
from onward.errors import InputError, StoreError
from onward.gate.rules import Gate
from onward.nets.zoo import fresh
from onward.release import arrival as arriving
from onward.release import making
from onward.release.arrival import Arrival, ready
from onward.release.beginning import begin
from onward.release.making import Release, release
from onward.release.rules import CONFIG, rules_of
from onward.settings import Settings
from onward.store.fingerprint import fingerprint
from onward.store.lineage import Lineage
from onward.store.verify import verify
from onward.types import Data, Examples

ROOT = Path(__file__).parents[1]
SETTINGS = Settings(epochs=6, batch_size=20, lr=0.1)
METHOD = parsed("lwf(strength=0.5) | replay(size=60, per_batch=10)")


def put(path: Path, data: Data) -> str:
    """Write examples as a user has them, and return their source."""
    batch = data.take(torch.arange(len(data)))
    np.savez(path, x=batch.inputs.numpy(), y=batch.targets.numpy(), classes=np.array(data.classes))
    return str(path)


def digits(split: str, classes: str, rows: str) -> Examples:
    return read(f"digits:{split}@classes={','.join(classes)}@shuffle=0@rows={rows}")


@dataclass(frozen=True)
class World:
    """A lineage whose ``prod`` knows five digits, and files that may arrive."""

    lineage: Lineage
    files: Path

    def file(self, name: str) -> str:
        return str(self.files / f"{name}.npz")

    def arrival(self, name: str, *tests: str, **facts: object) -> Arrival:
        arrived = Arrival(self.file(name), tuple(map(self.file, tests)), settings=SETTINGS, seed=1)
        return replace(arrived, **facts)

    def update(self, name: str, *tests: str, head: str | None = "prod", **facts: object) -> Release:
        return release(ready(self.lineage, "prod", self.arrival(name, *tests, **facts)), head)


@pytest.fixture(scope="module")
def first(tmp_path_factory) -> World:
    folder = tmp_path_factory.mktemp("release")
    low = digits("train", "01234", "0:400")
    put(folder / "monday.npz", digits("train", "01234", "0:250"))
    put(folder / "tuesday.npz", digits("train", "01234", "250:400"))
    put(folder / "new.npz", digits("train", "56", "0:80"))
    put(folder / "low.npz", digits("test", "01234", "0:100"))
    put(folder / "high.npz", digits("test", "56", "0:40"))
    put(folder / "poison.npz", Examples(low.inputs, (low.targets + 1) % 5, low.classes))
    put(folder / "flat.npz", Examples(low.inputs.flatten(1), low.targets, low.classes))
    world = World(Lineage.create(folder / "lineage"), folder)
    begin(world.lineage, "prod", fresh("mlp", (1, 8, 8), 0, width=24, depth=1, dropout=0.1))
    done = world.update("monday", "low", method=METHOD)
    assert done.promoted and done.version.card.measures[0].accuracy > 0.8
    return world


@pytest.fixture
def world(first, tmp_path) -> World:
    """A copy of it, to be changed."""
    shutil.copytree(first.lineage.path, tmp_path / "lineage")
    return World(Lineage(tmp_path / "lineage"), first.files)


@pytest.fixture
def lenient(world) -> World:
    """The same, with rules that let everything through."""
    (world.lineage.path / CONFIG).write_text("[gate]\nmargin = 1\nnegative_flips = 1\n")
    return world


def test_a_good_update_is_kept_and_promoted(world):
    before = world.lineage.resolve("prod")
    done = world.update("tuesday", note="more")
    assert done.promoted and done.verdict.passed and done.verdict.told == "2 of 2 rules hold"
    assert world.lineage.heads.moves("prod")[-2:] == [before, done.version.id] and done.parent.id == before
    assert world.lineage.version("prod") == done.version
    assert verify(world.lineage).problems == ()


def test_a_poisoned_update_is_kept_and_not_promoted(world):
    before = world.lineage.resolve("prod")
    done = world.update("poison")
    assert not done.promoted and not done.verdict.passed and "broken" in done.verdict.told
    assert world.lineage.heads.all() == {"prod": before}
    assert world.lineage.load(done.version.id).classes == tuple("01234")  # kept, and whole
    assert (done.version.path / "gate.json").is_file() and done.version.card.parent == before
    assert world.lineage.promote(done.version.short, "prod") == done.version.id  # the decision is the user's


def test_the_rules_in_the_lineage_s_file_decide(lenient):
    assert rules_of(lenient.lineage).gate == Gate(margin=1.0, negative_flips=1.0)
    assert lenient.update("poison").promoted


def test_a_version_without_a_head_to_go_to_is_kept(world):
    before = world.lineage.heads.all()
    done = world.update("tuesday", head=None)
    assert not done.promoted and done.verdict.passed and world.lineage.heads.all() == before
    other = world.update("tuesday", head="next")
    assert other.promoted and world.lineage.heads.all() == {**before, "next": other.version.id}


def test_the_card_tells_all_of_the_update(lenient):
    done = lenient.update("new", "high", note="a note", method=parsed("ewc(strength=3)"))
    card, data = done.version.card, read(lenient.file("new"))
    assert card.method.startswith("ewc(strength=3.0") and card.seed == 1 and card.note == "a note"
    assert card.parent == lenient.lineage.resolve("prod~1")
    assert card.settings["epochs"] == 6 and card.settings["batch_size"] == 20
    assert card.data.source == lenient.file("new") and card.data.fingerprint == fingerprint(data)
    assert card.data.examples == 80 and sum(card.data.counts.values()) == 80 and set(card.data.counts) == {"5", "6"}
    assert card.tests == (lenient.file("low"), lenient.file("high")) and card.classes == tuple("0123456")
    assert card.verdict == done.verdict and card.record.cost.samples == 80 * 6
    again = lenient.update("tuesday", "high")
    assert again.version.card.tests == card.tests and again.version.card.method == card.method


def test_measures_are_the_judgements_of_both_versions(lenient):
    done = lenient.update("new", "high")
    before, after = lenient.lineage.load("prod~1"), lenient.lineage.load("prod")
    for measure, test, old in zip(done.version.card.measures, ("low", "high"), (True, False), strict=True):
        data = read(lenient.file(test))
        truth = np.array([data.classes[k] for k in data.targets.tolist()])
        was, now = (np.array(learner.predict(data.inputs).names) for learner in (before, after))
        n = len(truth)
        assert (measure.test, measure.examples, measure.old) == (lenient.file(test), n, old)
        assert measure.accuracy == judge(after, data).accuracy == pytest.approx((now == truth).sum() / n)
        assert measure.parent_accuracy == judge(before, data).accuracy == pytest.approx((was == truth).sum() / n)
        assert measure.negative_flips == pytest.approx(((was == truth) & (now != truth)).sum() / n)
        assert measure.positive_flips == pytest.approx(((was != truth) & (now == truth)).sum() / n)
    low, high = done.version.card.measures
    assert high.parent_accuracy == 0.0 and high.negative_flips == 0.0 and high.accuracy == high.positive_flips > 0.5
    assert low.accuracy - low.parent_accuracy == pytest.approx(low.positive_flips - low.negative_flips)


def test_a_first_version_has_no_parent_to_be_measured_beside(first):
    card = first.lineage.version("prod").card
    assert card.measures[0].parent_accuracy is None and card.measures[0].negative_flips is None
    assert [finding.status for finding in card.verdict.findings] == ["pass"]


def test_a_missing_old_test_set_is_unchecked_and_no_test_of_the_past(world, tmp_path):
    moved = replace(world, files=tmp_path / "moved")
    shutil.copytree(world.files, moved.files, ignore=shutil.ignore_patterns("lineage"))
    other = moved.update("tuesday", "high")
    (moved.files / "high.npz").unlink()
    done = moved.update("tuesday")
    assert done.verdict.unchecked == 1 and done.verdict.told == "2 of 3 rules hold, 1 could not be checked"
    assert done.verdict.findings[-1].rule == f"accuracy on {moved.file('high')}"
    assert done.version.card.tests == other.version.card.tests  # it may be found again
    assert [measure.test for measure in done.version.card.measures] == [world.file("low")]


def test_an_old_test_set_that_the_model_cannot_take_is_unchecked(world, tmp_path):
    moved = replace(world, files=tmp_path / "moved")
    shutil.copytree(world.files, moved.files, ignore=shutil.ignore_patterns("lineage"))
    moved.update("tuesday", "high")
    shutil.copy(moved.file("flat"), moved.file("high"))
    assert moved.update("tuesday").verdict.unchecked == 1


def stopped(*given: object, **more: object) -> None:
    pytest.fail("training began")


def unchanged(lineage: Lineage) -> tuple[list[str], dict[str, str]]:
    return lineage.ids(), lineage.heads.all()


@pytest.mark.parametrize(
    ("name", "tests", "said"),
    [
        ("gone", (), "there is no file or folder .*gone.npz"),
        ("tuesday", ("gone",), "there is no file or folder .*gone.npz"),
        ("tuesday", ("flat",), r"the test set .*flat.npz: the data has inputs of shape \(64,\), the model takes"),
    ],
)
def test_what_cannot_be_used_is_refused_before_training(world, monkeypatch, name, tests, said):
    monkeypatch.setattr(making, "update", stopped)
    before = unchanged(world.lineage)
    with pytest.raises(InputError, match=said):
        world.update(name, *tests)
    assert unchanged(world.lineage) == before


def test_a_name_that_cannot_be_a_head_s_is_refused_before_training(world, monkeypatch):
    monkeypatch.setattr(making, "update", stopped)
    with pytest.raises(InputError, match="a head's name is a letter"):
        world.update("tuesday", head="a/b")


def test_data_that_does_not_fit_writes_nothing(world):
    before = unchanged(world.lineage)
    with pytest.raises(InputError, match="inputs of shape"):
        world.update("flat")
    assert unchanged(world.lineage) == before


@pytest.mark.parametrize("when", ["while reading", "while training"])
def test_a_head_that_moves_meanwhile_stays_where_it_is_and_the_version_is_kept(lenient, monkeypatch, when):
    rival = lenient.update("tuesday", head=None).version
    module, place = (arriving, "taken") if when == "while reading" else (making, "update")
    plain = getattr(module, place)

    def meanwhile(*given: object, **more: object) -> object:
        lenient.lineage.promote(rival.id, "prod")
        return plain(*given, **more)

    monkeypatch.setattr(module, place, meanwhile)
    before = set(lenient.lineage.ids())
    with pytest.raises(StoreError, match=f"now {rival.short}: another update was faster.*is kept") as refused:
        lenient.update("new")
    (kept,) = set(lenient.lineage.ids()) - before
    assert kept[:8] in str(refused.value) and lenient.lineage.load(kept).classes == tuple("0123456")
    assert lenient.lineage.resolve("prod") == rival.id


def test_a_parent_that_went_meanwhile_is_said_before_anything_is_trained(lenient):
    going = ready(lenient.lineage, "prod", lenient.arrival("tuesday"))
    shutil.rmtree(going.parent.path)
    trained: list[object] = []
    with pytest.raises(StoreError, match=f"version {going.parent.short} is gone"):
        release(going, "prod", trained.append)
    assert trained == []


def test_share_of_scratch_is_of_as_many_passes_over_everything(world):
    plain = parsed("warm_start")
    done = world.update("tuesday", method=plain)
    assert done.version.card.share.value == pytest.approx(150 * 6 / ((250 + 150) * 6))
    done = world.update("new", method=plain, settings=replace(SETTINGS, epochs=2, steps=3))
    # Three steps end in the first pass.
    assert done.version.card.share.value == pytest.approx(3 * 20 / ((250 + 150 + 80) * 1))


def test_share_of_scratch_is_not_known_of_a_model_that_was_brought(world, tmp_path):
    brought = world.lineage.load("prod").model
    other = replace(world, lineage=Lineage.create(tmp_path / "other"))
    begin(other.lineage, "prod", brought, [world.file("low")])
    card = other.lineage.version("prod").card
    assert card.measures[0].accuracy == world.lineage.version("prod").card.measures[0].accuracy
    assert other.update("tuesday").version.card.share is None


def test_share_of_scratch_of_a_model_that_was_brought_rests_on_what_the_user_tells(world, tmp_path):
    other = replace(world, lineage=Lineage.create(tmp_path / "other"))
    begin(other.lineage, "prod", world.lineage.load("prod").model, trained_on=850)
    share = other.update("tuesday", method=parsed("warm_start")).version.card.share
    assert share.value == pytest.approx(150 * 6 / ((850 + 150) * 6)) and share.kind == "projected"
    with pytest.raises(InputError, match="trained_on is the number of examples"):
        begin(other.lineage, "new", fresh("mlp", (1, 8, 8), 0, width=4), trained_on=850)


def test_where_no_example_may_be_kept_a_method_that_keeps_some_is_refused_before_training(world, tmp_path):
    other = replace(world, lineage=Lineage.create(tmp_path / "other"))
    begin(other.lineage, "prod", world.lineage.load("prod").model, exemplar_free=True)
    with pytest.raises(InputError, match="replay keeps examples themselves, and exemplar-free none may be kept"):
        other.update("tuesday", method=METHOD)
    card = other.update("tuesday", method=parsed("lwf | ewc")).version.card
    assert card.exemplar_free and {each.name.partition("/")[0] for each in card.kept} == {"ewc"}
    with pytest.raises(InputError, match="replay keeps examples themselves"):
        world.update("tuesday", exemplar_free=True)  # by the update's own wish
    assert not world.update("tuesday").version.card.exemplar_free
    with pytest.raises(InputError, match="allows examples to be kept"):
        begin(world.lineage, "new", fresh("mlp", (1, 8, 8), 0, width=4), exemplar_free=True)


def test_a_test_set_is_found_beside_its_lineage_from_any_folder(tmp_path, monkeypatch, first):
    shutil.copytree(first.lineage.path, tmp_path / "there" / "lineage")
    shutil.copy(first.file("low"), tmp_path / "there" / "beside.npz")
    world = World(Lineage(tmp_path / "there" / "lineage"), first.files)
    monkeypatch.chdir(tmp_path / "there")
    going = ready(world.lineage, "prod", replace(world.arrival("tuesday"), tests=("./beside.npz",)))
    release(going, "prod")
    monkeypatch.chdir(tmp_path)
    done = world.update("tuesday")
    assert "./beside.npz" in [measure.test for measure in done.version.card.measures] and not done.verdict.unchecked


def test_a_slice_is_judged_by_its_own_rules(lenient):
    rules = (
        f"[gate]\nmargin = 1\nnegative_flips = 1\n[gate.slices.few]\nsource = '{lenient.file('low')}'\nfloor = 0.2\n"
    )
    (lenient.lineage.path / CONFIG).write_text(rules)
    assert [f.rule for f in lenient.update("tuesday").verdict.findings if "slice" in f.rule] == [
        "accuracy on slice few"
    ]
    (lenient.lineage.path / CONFIG).write_text(rules.replace("0.2", "0.999"))
    verdict = lenient.update("poison").verdict
    assert [f.status for f in verdict.findings if "slice" in f.rule] == ["fail"] and not verdict.passed


def test_new_examples_that_are_in_a_test_set_are_left_out_and_told(world):
    with pytest.raises(InputError, match=r"all 100 new examples are in the test set .*low\.npz"):
        world.update("low")
    with pytest.raises(InputError, match="are in a test set as well"):
        world.update("low", care={"overlap": "refuse"})
    done = world.update("low", care={"overlap": "keep"})
    assert done.version.card.preflight.overlap == {world.file("low"): 100} and done.version.card.data.examples == 100


def test_names_that_look_like_known_ones_are_refused_unless_they_are_new(world, tmp_path):
    data = digits("train", "01234", "250:400")
    source = put(tmp_path / "words.npz", Examples(data.inputs, data.targets, ("zero", *data.classes[1:])))
    arrival = replace(world.arrival("tuesday"), source=source)
    assert ready(world.lineage, "prod", arrival).preflight.new == ("zero",)
    named = put(tmp_path / "spelt.npz", Examples(data.inputs, data.targets, ("0 ", *data.classes[1:])))
    with pytest.raises(InputError, match="'0 ' where the model knows '0'"):
        ready(world.lineage, "prod", replace(arrival, source=named))
    assert ready(world.lineage, "prod", replace(arrival, source=named, new_classes=True)).preflight.new == ("0 ",)


def test_an_update_does_not_need_the_ancestors_of_its_parent(world):
    shutil.rmtree(world.lineage.version("prod~1").path)
    done = world.update("tuesday")
    assert done.promoted and done.version.card.share.kind == "projected"


SCRIPT = """
import sys
import torch
from onward.release.arrival import Arrival, ready
from onward.release.making import release
from onward.settings import Settings
from onward.store.lineage import Lineage
torch.set_num_threads(1)
arrival = Arrival(sys.argv[2], settings=Settings(epochs=6, batch_size=20, lr=0.1), seed=1)
print(release(ready(Lineage(sys.argv[1]), "prod", arrival), "prod").version.id)
"""


def test_an_update_in_a_fresh_process_has_the_same_bits(lenient, tmp_path):
    twin = Lineage(shutil.copytree(lenient.lineage.path, tmp_path / "twin"))
    here = lenient.update("new").version
    path = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    there = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(twin.path), lenient.file("new")],
        env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert there.returncode == 0, there.stderr
    found = twin.version(there.stdout.strip())
    assert found.id == twin.resolve("prod") and found.card.parent == here.card.parent
    same = ("model.safetensors", "kept.safetensors", "gate.json")  # the model card tells the time that it took
    assert [found.card.files[name] for name in same] == [here.card.files[name] for name in same]
    assert found.card.measures == here.card.measures


RULES = """[gate]
margin = 0.01
confidence = 0.95
negative_flips = 0.05
unchecked = "pass"

[data]
unlabeled = "refuse"
corrupt = "refuse"
duplicates = "keep"
overlap = "drop"

[privacy]
exemplar_free = false
"""


def test_a_lineage_begins_with_rules_and_a_head(tmp_path):
    lineage = Lineage.create(tmp_path)
    version = begin(lineage, "prod", fresh("mlp", (1, 8, 8), 0, width=4), note="first")
    assert lineage.heads.all() == {"prod": version.id} and version.card.note == "first" and version.card.measures == ()
    assert (tmp_path / CONFIG).read_text() == RULES
    (tmp_path / CONFIG).write_text("[gate]\nmargin = 0.5\n")
    begin(lineage, "other", fresh("mlp", (1, 8, 8), 1, width=4))
    assert rules_of(lineage).gate == Gate(margin=0.5)  # the file is the user's


def test_a_beginning_that_cannot_be_writes_nothing(first, tmp_path):
    lineage, model = Lineage.create(tmp_path), fresh("mlp", (1, 8, 8), 0, width=4)
    for head, tests, said in (
        ("a/b", [], "a head's name is a letter"),
        ("prod", [first.file("gone")], "there is no file"),
        ("prod", [first.file("flat")], "the test set .*flat.npz"),
    ):
        with pytest.raises(InputError, match=said):
            begin(lineage, head, model, tests)
    assert unchanged(lineage) == ([], {}) and not (tmp_path / CONFIG).exists()
    begin(lineage, "prod", model)
    with pytest.raises(InputError, match="there is a head 'prod' already"):
        begin(lineage, "prod", model)


def test_rules_that_are_wrong_are_refused_before_anything_is_read(world):
    path = world.lineage.path / CONFIG
    path.write_text("[gate]\nmargn = 0.1\nnegative_flips = 'few'\n\n[gatte]\nx = 1\n")
    with pytest.raises(InputError) as refused:
        world.update("gone")
    for part in (str(path), "did you mean 'margin'", "gate.negative_flips: ", "'few'", "did you mean 'gate'"):
        assert part in str(refused.value)
    path.write_text("[gate]\nmargin = -1\nnegative_flips = 7\n")
    with pytest.raises(InputError, match=r"margin must be in \[0, 1\], got -1.*negative_flips must .* got 7"):
        rules_of(world.lineage)
    path.write_text("[gate\n")
    with pytest.raises(InputError, match=r"lineage\.toml is not a TOML file"):
        rules_of(world.lineage)
    path.write_text("gate = 3\n")
    with pytest.raises(InputError, match="gate: "):
        rules_of(world.lineage)
    path.unlink()
    assert rules_of(world.lineage).gate == Gate()
