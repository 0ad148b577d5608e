"""A lineage that onward 0.1.0 wrote. It loads for ever: what fails here loses somebody's models."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.store.worlds import contents

from onward.engine.update import update
from onward.gate.rules import Gate
from onward.gate.verdict import Finding
from onward.release.arrival import Arrival, ready
from onward.release.making import release
from onward.release.rules import rules_of
from onward.settings import Settings
from onward.store.diff import diff
from onward.store.garbage import Wanted, collect
from onward.store.lineage import Lineage, load
from onward.store.verify import Health, verify
from onward.types import Examples

FOLDER = Path(__file__).parent / "fixtures" / "v1"
IDS = [
    "96fd6fe4dc92fb954f28bcbf5636d4307bce43325d0e888704010cc5dc8657ad",
    "36683fb93a44453069c7dcb0358d917bc98ed184deb47dee5277ea0c86ccf579",
    "0a03dcf8a14d9f19daeee73a4bc2b139d30ccc79a43be4241ade6be533ad0d47",
]
POINTS = torch.tensor([[-2.0, 0.0], [2.0, 0.0], [0.0, 2.0], [0.5, -1.5]])
LOGITS = {
    "prod": [
        [2.32510781, -2.39807892, 0.65966594],
        [-2.80695653, 1.33627295, 0.19441298],
        [-0.44752273, -0.69382137, 0.73746490],
        [-0.88314760, 0.19247860, 0.13903356],
    ],
    "stable": [
        [1.60677600, -1.70067370],
        [-1.66948354, 1.08084476],
        [0.23459354, -0.58668834],
        [-0.66801882, 0.32849631],
    ],
}


@pytest.fixture(scope="module")
def lineage():
    return Lineage(FOLDER)


@pytest.fixture(autouse=True)
def untouched():
    before = contents(FOLDER)
    yield
    assert contents(FOLDER) == before


def test_it_is_small(lineage):
    assert sum(map(len, contents(lineage.path).values())) < 20_000


def test_it_is_whole(lineage):
    assert verify(lineage) == Health(3, 2, ())
    assert [version.id for version in lineage.history("prod")] == IDS
    assert lineage.heads.all() == {"prod": IDS[0], "stable": IDS[1]}
    assert lineage.heads.moves("prod") == IDS[::-1]


@pytest.mark.parametrize("head", LOGITS)
def test_it_predicts_what_it_predicted(head):
    said = load(head, FOLDER).predict(POINTS)
    assert said.classes == ("left", "right", "up")[: len(LOGITS[head][0])]
    torch.testing.assert_close(said.logits, torch.tensor(LOGITS[head]), rtol=0, atol=1e-5)


def test_its_first_version_knows_no_class(lineage):
    first = lineage.load("prod~2")
    assert first.classes == () and first.model.mean == (0.5, -0.5) and first.kept == {}


def test_its_cards_say_what_they_said(lineage):
    card = lineage.version("prod").card
    assert card.schema == 1 and card.classes == ("left", "right", "up") and card.note == "tuesday: é"
    assert card.method == "lwf(strength=0.5, temperature=2.0) | replay(size=4, per_batch=2)"
    assert (card.data.source, card.data.examples, card.data.counts) == ("tuesday.npz", 20, {"left": 10, "up": 10})
    assert card.tests == ("monday-test.npz", "tuesday-test.npz")
    assert [(m.accuracy, m.parent_accuracy, m.positive_flips, m.old) for m in card.measures] == [
        (1.0, 1.0, 0.0, True),
        (1.0, 0.0, 1.0, False),
    ]
    assert card.verdict.findings[0] == Finding("accuracy on monday-test.npz", "pass", "100.0 -> 100.0 %, may fall by 1")
    assert (card.record.cost.samples, card.record.cost.steps, len(card.record.phases[0].validation)) == (100, 16, 4)
    assert card.software["onward"] == "0.1.0" and rules_of(lineage).gate == Gate(margin=0.01, negative_flips=0.05)


def test_it_is_updated_further(lineage):
    parent = lineage.load("prod")
    assert parent.kept.keys() == {"replay/inputs", "replay/targets", "replay/seen"} and parent.kept["replay/seen"] == 34
    arrived = Examples(POINTS, torch.tensor([0, 1, 2, 3]), ("left", "right", "up", "down"))
    child, _ = update(parent, arrived, Settings(epochs=1))
    assert child.classes == ("left", "right", "up", "down") and child.kept["replay/seen"] == 38


def test_its_versions_are_compared(lineage):
    found = diff(lineage, "stable", "prod")
    assert found.classes_added == ("up",) and found.changed["data.source"] == ("monday.npz", "tuesday.npz")


@pytest.fixture
def copied(tmp_path):
    """A copy of it, to be worked on."""
    return Lineage(shutil.copytree(FOLDER, tmp_path / "v1"))


def test_a_copy_goes_on_as_a_lineage_does_and_what_was_there_stays(copied, tmp_path):
    before = contents(copied.path)
    np.savez(tmp_path / "arrived.npz", x=POINTS.numpy(), y=np.array(["left", "right", "up", "down"]))
    going = ready(copied, "prod", Arrival(str(tmp_path / "arrived.npz"), settings=Settings(epochs=1)))
    assert going.missing == ("monday-test.npz", "tuesday-test.npz")
    child = release(going, "prod").version
    assert verify(copied) == Health(4, 2, ())
    assert [version.id for version in copied.history("prod")] == [child.id, *IDS]
    assert copied.roll_back("prod") == (child.id, IDS[0])
    now = contents(copied.path)
    assert {name: now[name] for name in before} == before
    assert [each.path.name for each in collect(copied, Wanted(days=0))] == [child.id]


def test_its_earlier_versions_are_stripped_and_its_story_stays(copied):
    found = collect(copied, Wanted(days=0, keep=1), remove=True)
    assert [(each.kind, each.path.name) for each in found] == [("tensors", IDS[2])], "stable names the one before"
    assert verify(copied) == Health(3, 2, (), stripped=1)
    assert [version.card.method for version in copied.history("prod")] == [
        version.card.method for version in Lineage(FOLDER).history("prod")
    ]
