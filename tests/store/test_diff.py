from __future__ import annotations

import json
import math
from dataclasses import asdict

import pytest
import torch
from tests.store.worlds import learner, two_versions

from onward.errors import InputError, StoreError
from onward.learner import Learner
from onward.nets.zoo import fresh
from onward.record import Cost, Measure, Record
from onward.store.card import Card, DataFacts
from onward.store.diff import Moved, diff
from onward.store.lineage import Lineage


def filled(number: float, classes: str, width: int = 2) -> Learner:
    """A network of 2 inputs in which every number is the same: 2 * width + width in the layer, width + 1 a class."""
    model = fresh("mlp", (2,), 0, width=width, depth=1)
    model.grow(classes, 0)
    for parameter in model.parameters():
        torch.nn.init.constant_(parameter, number)
    return Learner(model)


def facts(source: str, examples: int) -> DataFacts:
    return DataFacts(source, examples, {}, "")


@pytest.fixture
def lineage(tmp_path):
    return Lineage.create(tmp_path)


def test_distance_is_the_norm_of_the_change_over_the_norm_before(lineage):
    first = lineage.save(filled(2.0, "ab"), Card(net={}))
    after = filled(2.0, "ab")
    with torch.no_grad():
        after.model.head.blocks[0].weight[0, 0] = 5.0
    second = lineage.save(after, Card(net={}))
    # The layer: unmoved. The head: 2 * 2 weights and 2 biases, all 2: |before| = sqrt(6 * 4); one moved by 3.
    assert {m.group: m for m in diff(lineage, first.id, second.id).moved} == {
        "backbone.layers": Moved("backbone.layers", 6, 0.0),
        "head.blocks": Moved("head.blocks", 6, pytest.approx(3 / math.sqrt(24), rel=1e-12)),
    }
    # And back: one of the six numbers is 5, so |before| = sqrt(5 * 4 + 25).
    back = {m.group: m.distance for m in diff(lineage, second.id, first.id).moved}
    assert back["head.blocks"] == pytest.approx(3 / math.sqrt(45), rel=1e-12)


def test_distance_is_over_the_numbers_that_both_have(lineage):
    first = lineage.save(filled(1.0, "ab"), Card(net={}))
    grown = filled(1.0, "ab")
    grown.model.grow("c", 0)
    for parameter in grown.model.parameters():
        torch.nn.init.constant_(parameter, 1.5)
    second = lineage.save(grown, Card(net={}))
    found = diff(lineage, first.id, second.id)
    # Every number that both have moved by half of itself; the new row's 2 + 1 numbers count, and have no distance.
    assert found.moved == (Moved("backbone.layers", 6, 0.5), Moved("head.blocks", 9, 0.5))
    assert (found.classes_added, found.classes_removed) == (("c",), ())


def test_there_is_no_distance_from_nothing_or_to_nothing(lineage):
    none = lineage.save(Learner(fresh("mlp", (2,), 0, width=2, depth=1)), Card(net={}))
    zero = lineage.save(filled(0.0, "ab"), Card(net={}))
    one = lineage.save(filled(1.0, "ab"), Card(net={}))
    for before, after, numbers in ((none, one, 6), (zero, one, 6), (one, none, 0)):
        found = {m.group: m for m in diff(lineage, before.id, after.id).moved}
        assert found["head.blocks"] == Moved("head.blocks", numbers, None)
        json.dumps(asdict(diff(lineage, before.id, after.id)), allow_nan=False)


def test_numbers_of_another_shape_have_no_distance(lineage):
    first, second = (lineage.save(filled(1.0, "ab", width), Card(net={})) for width in (2, 3))
    moved = {m.group: m for m in diff(lineage, first.id, second.id).moved}
    assert moved["backbone.layers"] == Moved("backbone.layers", 9, None)
    assert moved["head.blocks"] == Moved("head.blocks", 8, 0.0)  # the biases alone have one shape


def test_counts_of_batches_are_no_distance(lineage):
    model = fresh("cnn", (1, 4, 4), 0, width=1)
    first = lineage.save(Learner(model), Card(net={}))
    for name, buffer in model.named_buffers():
        if name.endswith("num_batches_tracked"):
            buffer.fill_(10_000)
    second = lineage.save(Learner(model), Card(net={}))
    assert [m.distance for m in diff(lineage, first.id, second.id).moved] == [0.0]


def test_classes_are_compared_by_name(lineage):
    first, second = (lineage.save(learner(1, classes), Card(net={})) for classes in ("abc", "acde"))
    found = diff(lineage, first.id, second.id)
    assert (found.classes_added, found.classes_removed) == (("d", "e"), ("b",))
    assert (found.first, found.second) == (first.id, second.id)


def test_facts_that_differ_are_shown_from_first_to_second(lineage):
    one = Card(
        net={}, seed=1, settings={"lr": 0.1, "epochs": 5}, data=facts("a.npz", 10), record=Record((), Cost(steps=3))
    )
    other = Card(net={}, method="ewc()", seed=1, settings={"lr": 0.2, "epochs": 5}, data=facts("b.npz", 10))
    first, second = lineage.save(learner(1), one), lineage.save(learner(1), other)
    found = diff(lineage, first.short, second.short).changed
    cost = {key: pair for key, pair in found.items() if key.startswith("cost.")}
    assert {key: pair for key, pair in found.items() if key not in cost} == {
        "method": ("warm_start", "ewc()"),
        "settings.lr": (0.1, 0.2),
        "data.source": ("a.npz", "b.npz"),
    }
    assert cost["cost.steps"] == (3, None) and list(found) == sorted(found)
    assert diff(lineage, first.id, first.id).changed == {}


def test_measures_stand_side_by_side_for_each_test_set(lineage):
    old, both, both_later, new = (
        Measure(test, 10, share) for test, share in (("o", 0.5), ("b", 0.6), ("b", 0.7), ("n", 0.8))
    )
    first = lineage.save(learner(1), Card(net={}, measures=(old, both)))
    second = lineage.save(learner(1), Card(net={}, measures=(both_later, new)))
    assert diff(lineage, first.id, second.id).measures == {"o": (old, None), "b": (both, both_later), "n": (None, new)}


def test_versions_that_are_damaged_or_not_there_are_not_compared(tmp_path):
    lineage, first, second = two_versions(tmp_path)
    raw = bytearray((second.path / "model.safetensors").read_bytes())
    raw[-1] ^= 1
    (second.path / "model.safetensors").write_bytes(raw)
    with pytest.raises(StoreError, match=r"model.safetensors has hash"):
        diff(lineage, "prod~1", "prod")
    with pytest.raises(InputError, match="Did you mean 'prod'"):
        diff(lineage, first.id, "prd")
