from __future__ import annotations

import shutil
from dataclasses import replace

import pytest
from tests.store.worlds import learner

from onward.learner import Learner
from onward.nets.zoo import fresh
from onward.record import Cost, PhaseRecord, Record, Share
from onward.store.bill import against_scratch
from onward.store.card import Card, DataFacts
from onward.store.line import so_far
from onward.store.lineage import Lineage
from onward.store.version import Version


def made(
    lineage: Lineage,
    parent: Version,
    examples: int,
    cost: Cost,
    *epochs: int,
    method: str = "warm_start",
    print: str = "",
    created: str = "",
) -> Version:
    phases = tuple(
        PhaseRecord("train", examples, 64, 0, ("loss",), 1, count, 1, 1, cost.samples, {}, (), 0.0) for count in epochs
    )
    data = DataFacts("x.npz", examples, {}, print or f"{examples}")
    card = Card(net={}, parent=parent.id, data=data, record=Record(phases, cost), method=method, created=created)
    return lineage.save(learner(1), replace(card, so_far=so_far(lineage, card)))


def spent(flops: int, seconds: float = 1.0) -> Cost:
    return Cost(samples=100, forward_flops=flops // 4, backward_flops=flops - flops // 4, seconds=seconds)


def share_of(lineage: Lineage, version: Version) -> Share | None:
    return against_scratch(lineage, version.card)


def value(lineage: Lineage, version: Version) -> float:
    share = share_of(lineage, version)
    assert share is not None and (share.kind, share.seconds) == ("projected", None)
    return share.value


@pytest.fixture
def lineage(tmp_path):
    return Lineage.create(tmp_path)


@pytest.fixture
def begun(lineage):
    return lineage.save(Learner(fresh("mlp", (2,), 0, width=2)), Card(net={}))


@pytest.fixture
def second(lineage, begun):
    """A line that was trained on 100 examples and then on 60."""
    first = made(lineage, begun, 100, spent(4000, 8.0), 5)
    return made(lineage, first, 60, spent(600, 3.0), 5)


def test_projected_is_of_as_many_passes_over_all_data_so_far(lineage, begun):
    first = made(lineage, begun, 100, Cost(samples=500), 5)
    assert value(lineage, first) == 1.0  # 500 / (100 * 5)
    second = made(lineage, first, 60, Cost(samples=240), 2)
    assert value(lineage, second) == 0.75  # 240 / ((100 + 60) * 2)
    third = made(lineage, second, 40, Cost(samples=100), 1, 4)
    assert value(lineage, third) == 0.125  # 100 / ((100 + 60 + 40) * 4): the longest phase counts
    assert share_of(lineage, third).of == "4 passes over all 200 examples so far"


def test_nothing_is_said_where_scratch_is_not_known(lineage, begun):
    brought = lineage.save(learner(1), Card(net={}))
    assert share_of(lineage, made(lineage, brought, 100, Cost(samples=500), 5)) is None  # its data is not known
    assert share_of(lineage, begun) is None  # nothing was trained
    assert share_of(lineage, made(lineage, begun, 100, Cost(), 0)) is None  # no pass was made


def test_what_was_solved_without_a_phase_is_held_against_one_pass(lineage, begun):
    share = share_of(lineage, made(lineage, begun, 100, Cost()))
    assert (share.value, share.kind, share.of) == (0.0, "projected", "1 pass over all 100 examples so far")


def test_passes_over_features_are_none_over_data(lineage, begun):
    """The head's samples are not among those that went through the model, nor its epochs among the passes."""
    through = PhaseRecord("train", 100, 64, 0, ("loss",), 1, 2, 1, 1, 200, {}, (), 0.0)
    record = Record((through, replace(through, epochs=50, on_features=True)), Cost(samples=200))
    card = Card(net={}, parent=begun.id, data=DataFacts("x.npz", 100, {}, "x"), record=record, method="warm_start")
    assert value(lineage, lineage.save(learner(1), card)) == 1.0  # 200 / (100 * 2)


def test_a_model_that_was_brought_with_word_of_its_data_can_be_projected(lineage):
    told = DataFacts("told at init", 900, {}, "")
    brought = lineage.save(learner(1), Card(net={}, data=told))
    child = made(lineage, brought, 100, Cost(samples=500), 5)
    assert value(lineage, child) == 0.1  # 500 / ((900 + 100) * 5)


def test_it_can_be_said_before_the_version_is_written(lineage, begun, second):
    made(lineage, begun, 160, spent(1200), 5, method="scratch")
    unwritten = replace(second.card, so_far=None, files={}, created="")
    assert against_scratch(lineage, unwritten).value == 0.5 == share_of(lineage, second).value
    assert against_scratch(lineage, replace(unwritten, parent="0" * 64)) is None


def test_it_can_be_said_though_an_ancestor_is_gone_that_only_old_cards_need(lineage, begun):
    first = made(lineage, begun, 100, Cost(samples=500), 5)
    second = made(lineage, first, 60, Cost(samples=240), 2)
    old = lineage.save(learner(1), replace(second.card, so_far=None, created="2020-01-01"))
    assert value(lineage, old) == value(lineage, second) == 0.75
    shutil.rmtree(begun.path)
    assert value(lineage, second) == 0.75
    shutil.rmtree(first.path)
    assert value(lineage, second) == 0.75
    assert share_of(lineage, old) is None


def test_measured_is_of_joint_training_on_the_same_data(lineage, begun, second):
    other = made(lineage, begun, 100, spent(4000), 5, method="joint")
    joint = made(lineage, other, 60, spent(6000, 12.0), 5, method="joint(start='fresh') | replay(size=5)")
    share = share_of(lineage, second)
    assert (share.value, share.kind, share.seconds) == (0.1, "measured", 0.25)
    assert share.of == f"version {joint.short} (joint(start='fresh') | replay(size=5))"


def test_the_order_in_which_the_data_came_does_not_matter(lineage, begun, second):
    other = made(lineage, begun, 60, spent(4000), 5, method="joint")
    made(lineage, other, 100, spent(6000), 5, method="joint")
    assert share_of(lineage, second).kind == "measured"


def test_measured_is_of_scratch_on_as_many_examples(lineage, begun, second):
    scratch = made(lineage, begun, 160, spent(1200, 0.0), 5, method="scratch")
    share = share_of(lineage, second)
    assert share == Share(0.5, "measured", f"version {scratch.short} (scratch)", None)


def test_an_update_from_scratch_costs_all_of_it(lineage, begun, second):
    alone = made(lineage, begun, 100, spent(4000, 2.0), 5, method="joint")
    made(lineage, begun, 100, spent(9000, 2.0), 5, method="scratch", created="2999-01-01")
    assert share_of(lineage, alone) == Share(1.0, "measured", "itself: it was trained from scratch", 1.0)


@pytest.mark.parametrize(
    ("first", "last", "size", "print"),
    [
        ("warm_start", "joint", 60, ""),  # joint came too late to have the first data
        ("joint", "joint(start='parent')", 60, ""),  # not from fresh weights
        ("joint", "joint", 60, "other"),  # as many examples, but others
        ("joint", "joint", 61, ""),
        ("scratch", "scratch", 60, ""),  # on the last data alone
        ("joint", "elsewhere(depth=3)", 60, ""),  # of a package that is not here
    ],
)
def test_what_is_not_from_scratch_on_the_same_data_is_no_measure(lineage, begun, second, first, last, size, print):
    other = made(lineage, begun, 100, spent(4000), 5, method=first)
    made(lineage, other, size, spent(6000), 5, method=last, print=print)
    assert share_of(lineage, second).kind == "projected"


def test_joint_training_that_never_had_what_was_told_is_no_measure(lineage):
    brought = lineage.save(learner(1), Card(net={}, data=DataFacts("told at init", 900, {}, "")))
    child = made(lineage, brought, 100, spent(500), 5)
    made(lineage, brought, 100, spent(1000), 5, method="joint")
    assert share_of(lineage, child).kind == "projected"
    made(lineage, brought, 1000, spent(1000), 5, method="scratch")
    assert share_of(lineage, child).kind == "measured"


def test_the_newest_measure_counts_and_a_damaged_one_does_not(lineage, begun, second):
    for flops, day in ((1000, "2026-01-02"), (2000, "2026-01-03"), (3000, "2026-01-01")):
        newest = made(lineage, begun, 160, spent(flops), 5, method="scratch", created=f"{day}T00:00:00+00:00")
        if flops == 2000:
            kept = newest
    assert share_of(lineage, second).value == 0.3  # 600 / 2000
    (kept.path / "card.json").write_text("{}")
    assert share_of(lineage, second).value == 0.6


def test_a_version_whose_operations_were_not_counted_is_no_measure(lineage, begun, second):
    made(lineage, begun, 160, Cost(samples=800, seconds=4.0), 5, method="scratch")
    assert share_of(lineage, second).kind == "projected"
