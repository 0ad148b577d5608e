"""What is read while updates train: the same test examples each time, from before the first step to the end."""

from __future__ import annotations

from dataclasses import replace

import pytest

from onward.experiment.walk import walked
from onward.experiment.watch import some
from onward.learner import Learner
from onward.methods.replay import Replay
from onward.nets.zoo import fresh
from onward.settings import Settings
from onward.streams.scenario import class_incremental
from onward.toy import blobs

DATA = blobs({"n": (0.0, 2.0), "s": (0.0, -2.0), "e": (2.0, 0.0), "w": (-2.0, 0.0)}, seed=0, n=20)
STREAM = class_incremental(DATA, DATA, 2, seed=0)
SETTINGS = Settings(epochs=2, batch_size=8, read_every=2)


def walk(watch):
    return walked(Learner(fresh("mlp", (2,), seed=0), Replay(size=10)), STREAM, SETTINGS, seed=3, watch=watch)


def test_every_update_with_a_past_is_watched_from_before_its_first_step_to_its_end():
    outcome = walk(watch=1000)
    (read,) = outcome.watched
    assert read.steps == (0, 2, 4, 5, 7, 9, 10) and outcome.costs[1].steps == 10  # 2 epochs of 40 / 8 steps
    assert len(read.new) == len(read.old) == len(read.steps) == len(read.loss) + 1
    assert (read.new[-1], read.old[-1]) == (outcome.accuracy[1][1], outcome.accuracy[1][0])
    assert read.loss == pytest.approx(outcome.learning[1], abs=1e-12)


def test_looking_changes_nothing_but_that_it_is_told():
    looked, plain = walk(watch=7), walk(watch=0)
    assert plain.watched == ()
    assert replace(looked, watched=(), costs=()) == replace(plain, costs=())


def test_some_examples_are_the_same_each_time_and_no_more_than_there_are():
    one, again, other = some(DATA, 9, seed=1), some(DATA, 9, seed=1), some(DATA, 9, seed=2)
    assert one.targets.tolist() == again.targets.tolist() and one.inputs.tolist() != other.inputs.tolist()
    assert len(some(DATA, 1000, seed=1)) == len(DATA)
