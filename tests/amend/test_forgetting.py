"""Examples are taken out of what a version keeps, and what they leave behind is told."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch
from tests.amend.worlds import TRAIN, begun, start
from tests.conformance.scenarios import clouds

from onward.amend.classes import merged, renamed
from onward.amend.forgetting import forgot
from onward.catalogue import parsed
from onward.content import fingerprint
from onward.errors import InputError
from onward.learner import Learner
from onward.methods.replay import Replay
from onward.privacy import Sought, example_in
from onward.store.card import Card
from onward.store.lineage import Lineage
from onward.store.verify import verify
from onward.types import Examples, subset

NEVER_SEEN = clouds("abc", 5)


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    return begun(tmp_path_factory.mktemp("forgetful")).path


@pytest.fixture
def lineage(made, tmp_path) -> Lineage:
    return Lineage(shutil.copytree(made, tmp_path / "lineage"))


@pytest.fixture(scope="module")
def summed(tmp_path_factory) -> Lineage:
    """A lineage that keeps a memory and sums."""
    return begun(tmp_path_factory.mktemp("summed"), "ewc | replay(size=40, per_batch=8)")


def in_memory(lineage) -> torch.Tensor:
    """The rows of the training data that ``prod`` keeps."""
    return torch.from_numpy(Sought.of(TRAIN).within(lineage.load("prod").kept)["replay/inputs"]).nonzero()[:, 0]


def test_what_is_found_is_taken_out_and_all_else_stays(lineage):
    parent, before, held = lineage.version("prod"), lineage.load("prod"), in_memory(lineage)
    assert len(held) == 40
    rest = torch.tensor([row for row in range(90) if row not in held.tolist()])
    gone = subset(TRAIN, torch.cat([held[:7], rest[:5]]))
    done = forgot(start(lineage), gone, "gone.npz")
    after = lineage.load("prod")
    assert (done.asked, done.found, done.dropped, done.parent) == (12, 7, (), parent)
    assert done.version.id == lineage.resolve("prod") and example_in(after.kept, gone) is None
    assert len(after.kept["replay/inputs"]) == 33 and after.kept["replay/seen"] == 90 - 7
    assert set(in_memory(lineage).tolist()) == set(held[7:].tolist())
    weights = after.model.state_dict()
    assert all(torch.equal(tensor, weights[name]) for name, tensor in before.model.state_dict().items())
    assert verify(lineage).problems == ()


def test_the_card_says_what_was_forgotten_and_carries_the_rest(lineage):
    parent, gone = lineage.version("prod").card, subset(TRAIN, in_memory(lineage)[:2])
    card = forgot(start(lineage), gone, "gone.npz").version.card
    assert card.act == f"forget 2 examples of gone.npz (fingerprint {fingerprint(gone)[:8]})"
    assert (card.tests, card.method, card.classes) == (parent.tests, parent.method, parent.classes)
    assert card.measures[0].accuracy == parent.measures[0].accuracy and card.measures[0].negative_flips == 0
    assert [each.examples for each in card.class_map] == [30, 30, 30]
    assert {each.name: each.shape for each in card.kept}["replay/inputs"] == (38, 4)


def test_earlier_versions_that_still_keep_them_are_named_the_oldest_first(lineage):
    first = lineage.version("prod")
    second = renamed(start(lineage), "b", "bee")
    held = in_memory(lineage)
    done = forgot(start(lineage), subset(TRAIN, held[:3]), "gone.npz")
    assert {each.id for each in done.holders} == {first.id, second.id}
    again = forgot(start(lineage), subset(TRAIN, held[:3]), "gone.npz")
    assert (again.found, again.version) == (0, None) and len(again.holders) == 2


def test_of_what_was_never_kept_no_version_is_made(lineage):
    before = lineage.ids()
    done = forgot(start(lineage), NEVER_SEEN, "others.npz")
    assert (done.asked, done.found, done.version, done.holders) == (90, 0, None, ())
    assert lineage.ids() == before


def test_all_of_a_memory_can_be_forgotten_and_an_update_goes_on(lineage):
    done = forgot(start(lineage), TRAIN, "train.npz")
    after = lineage.load("prod")
    assert done.found == 40 and after.kept.keys() == {"replay/seen"} and after.kept["replay/seen"] == 50


def test_examples_are_found_under_any_name_of_their_class(lineage):
    merged(start(lineage), "kitten", "b")
    row = in_memory(lineage)[:1]
    gone = Examples(TRAIN.inputs[row], torch.zeros(1, dtype=torch.int64), ("kitten",))
    assert forgot(start(lineage), gone, "gone.npz").found == 1


def test_a_method_that_keeps_sums_says_so_with_the_way_out_and_nothing_is_written(summed):
    before = summed.ids(), summed.heads.all()
    with pytest.raises(InputError) as refused:
        forgot(start(summed), subset(TRAIN, torch.arange(3)), "gone.npz")
    said = str(refused.value)
    assert "ewc keeps anchor/" in said and "a sum over all examples from which one cannot be taken out" in said
    assert said.endswith("To leave it out: --drop-sums")
    assert (summed.ids(), summed.heads.all()) == before


def test_sums_can_be_dropped_and_what_others_keep_stays(summed):
    held = in_memory(summed)
    done = forgot(start(summed, head=None), subset(TRAIN, held[:3]), "gone.npz", drop_sums=True)
    kept = summed.load(done.version.id).kept
    assert done.dropped == ("ewc",) and done.found == 3
    assert kept.keys() == {"replay/inputs", "replay/targets", "replay/seen"} and len(kept["replay/inputs"]) == 37
    assert done.version.card.act.endswith("), and all that ewc kept")
    assert summed.load(done.version.id).method == parsed("ewc | replay(size=40, per_batch=8)")


@pytest.mark.parametrize(
    ("gone", "said"),
    [
        (Examples(torch.zeros(1, 5), torch.tensor([0]), ("a",)), r"shape \(5,\), the model takes \(4,\)"),
        (Examples(torch.ones(1, 4), torch.tensor([0]), ("z",)), "the data has classes that the model does not know: z"),
    ],
)
def test_examples_that_the_model_cannot_have_seen_are_refused(lineage, gone, said):
    with pytest.raises(InputError, match=said):
        forgot(start(lineage), gone, "gone.npz")


def test_examples_in_another_form_than_they_are_kept_in_are_refused(lineage):
    gone = Examples(TRAIN.inputs.double(), TRAIN.targets, TRAIN.classes)
    with pytest.raises(InputError, match="'replay/inputs' keeps some of the examples in another form than they came"):
        forgot(start(lineage), gone, "gone.npz")


@dataclass(frozen=True)
class ByMemory(Replay):
    """Say the class of the first exemplar, whatever is shown."""

    def predict(self, model, inputs, kept):
        return torch.eye(3)[kept["targets"][:1]].expand(len(inputs), 3)


def test_where_what_is_kept_decides_predictions_the_test_sets_are_judged_anew(lineage):
    going = start(lineage)
    kept = {f"test_forgetting/{name.partition('/')[2]}": tensor for name, tensor in going.before.kept.items()}
    alike = TRAIN.targets == kept["test_forgetting/targets"][0]
    gone = Examples(TRAIN.inputs[alike], TRAIN.targets[alike], TRAIN.classes)
    learner = Learner(going.before.model, ByMemory(), kept)
    done = forgot(replace(going, before=learner, head=None), gone, "gone.npz")
    (told,) = done.version.card.measures
    # A third of the test set is of each class: both versions always say one, and now it is another one.
    assert told.accuracy == told.parent_accuracy == told.negative_flips == told.positive_flips == pytest.approx(1 / 3)


def test_a_version_that_keeps_nothing_has_nothing_to_forget(lineage):
    plain = Learner(lineage.load("prod").model)
    lineage.promote(lineage.save(plain, Card(net={}, parent=lineage.resolve("prod"))).id, "prod")
    done = forgot(start(lineage), TRAIN, "train.npz")
    assert done.version is None and len(done.holders) == 1
