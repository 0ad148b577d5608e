from __future__ import annotations

import numpy as np
import pytest
import torch

from onward.engine.evaluate import Judgement, judge
from onward.engine.update import update
from onward.experiment import walk
from onward.experiment.cell import made_model
from onward.experiment.plan import ModelPlan
from onward.experiment.walk import negative_flips, walked
from onward.learner import Learner
from onward.methods.replay import Replay
from onward.rng import derived
from onward.settings import Settings
from onward.streams.scenario import class_incremental, data_incremental, task_incremental
from onward.toy import blobs
from onward.types import present

DATA = blobs({"n": (0.0, 2.0), "s": (0.0, -2.0), "e": (2.0, 0.0)}, seed=0, n=20)
SETTINGS = Settings(epochs=3, batch_size=10)
PLAN = ModelPlan("mlp", {"width": 8, "depth": 1})


def learner(tasks: bool = False) -> Learner:
    return Learner(made_model(PLAN, DATA, seed=0, tasks=tasks), Replay(size=5))


def test_matrix_holds_every_experience_after_every_update():
    stream = class_incremental(DATA, DATA, 2, seed=0)
    outcome = walked(learner(), stream, SETTINGS, seed=3)
    by_hand, rows = learner(), []
    for number, experience in enumerate(stream):
        by_hand, _ = update(by_hand, experience.train, SETTINGS, derived(3, "update", number))
        rows.append([judge(by_hand, each.test).accuracy for each in stream])
    np.testing.assert_array_equal(outcome.matrix, rows)
    assert outcome.accuracy[0][1] == 0  # a class that was never seen cannot be right


def test_experiences_to_come_are_left_out_where_only_those_seen_count(monkeypatch):
    stream = class_incremental(DATA, DATA, 2, seed=0)
    whole, calls = walked(learner(), stream, SETTINGS, seed=3), []
    monkeypatch.setattr(walk, "judge", lambda *of: calls.append(of) or judge(*of))
    seen = walked(learner(), stream, SETTINGS, seed=3, seen_only=True)
    assert len(calls) == 1 + 2
    assert [len(row) for row in seen.accuracy] == [1, 2]
    np.testing.assert_array_equal(seen.matrix, np.where(np.tri(2, dtype=bool), whole.matrix, np.nan))
    assert seen.negative_flips == whole.negative_flips
    assert seen.measures | {"seconds": 0} == whole.measures | {"seconds": 0}


def test_outcome_counts_examples_and_bills_each_update():
    outcome = walked(learner(), class_incremental(DATA, DATA, 2, seed=0), SETTINGS, seed=0)
    assert (outcome.arrived, outcome.tested) == ((40, 20), (40, 20))
    # Three epochs of 40 and 20 new examples, ten at a time; from the second update on five of the memory beside each.
    assert [(cost.steps, cost.samples) for cost in outcome.costs] == [(12, 120), (6, 60 + 6 * 5)]
    assert [len(row) for row in outcome.negative_flips] == [0, 1]


def test_outcome_holds_the_learning_curve_of_each_update():
    stream = class_incremental(DATA, DATA, 2, seed=0)
    outcome = walked(learner(), stream, SETTINGS, seed=0)
    _, record = update(learner(), stream[0].train, SETTINGS, derived(0, "update", 0))
    assert [len(curve) for curve in outcome.learning] == [3, 3]  # a reading at the end of each epoch
    assert outcome.learning[0] == record.phases[0].curve["cross_entropy"]


def test_test_set_that_experiences_share_is_gone_through_once(monkeypatch):
    calls = []
    monkeypatch.setattr(walk, "judge", lambda *of: calls.append(of) or judge(*of))
    rows = walked(learner(), data_incremental(DATA, DATA, 3, seed=0), SETTINGS, seed=0).accuracy
    assert len(calls) == 3  # once after each update
    assert all(len(set(row)) == 1 for row in rows)


def test_learner_that_was_given_is_left_as_it_was():
    given = learner()
    before = {name: tensor.clone() for name, tensor in given.model.state_dict().items()}
    walked(given, class_incremental(DATA, DATA, 2, seed=0), SETTINGS, seed=0)
    assert given.classes == ()
    assert all(torch.equal(tensor, before[name]) for name, tensor in given.model.state_dict().items())


def test_prediction_stays_within_the_task_where_it_is_told():
    # The second task has one class, so among its classes no prediction can be wrong, even of a model at rest.
    stream = task_incremental(DATA, DATA, 2, seed=0)
    still = Settings(steps=0)
    assert walked(learner(tasks=True), stream, still, seed=0).accuracy[1][1] == 1.0


@pytest.mark.parametrize(("after", "share"), [([0, 1, 0, 0], 0.25), ([1, 0, 1, 1], 0.5), ([0, 1, 1, 1], 0.0)])
def test_negative_flips_are_right_before_and_wrong_after(after, share):
    # Before, the first three of four were right; the last is of a class that neither knows, and never counts.
    targets = np.array([0, 1, 1, -1])
    before, now = (Judgement(np.array(ids), targets, ("a", "b")) for ids in ([0, 1, 1, 0], after))
    assert negative_flips(before, now) == share


def test_outcome_holds_what_is_said_among_the_classes_of_a_test_and_how_large_the_network_is():
    stream = class_incremental(DATA, DATA, 2, seed=0)
    outcome = walked(learner(), stream, SETTINGS, seed=3)
    by_hand = learner()
    for number, experience in enumerate(stream):
        by_hand, _ = update(by_hand, experience.train, SETTINGS, derived(3, "update", number))
    own = [judge(by_hand, each.test, present(each.test)).accuracy for each in stream]
    assert list(outcome.within[-1]) == own != list(outcome.accuracy[-1])
    # 8 units from 2 inputs, and rows of 2 classes, then of 3.
    assert outcome.parameters == (8 * 3 + 2 * 9, 8 * 3 + 3 * 9)
