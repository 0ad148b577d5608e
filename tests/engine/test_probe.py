"""A probe reads accuracy on the way, and leaves no trace in what is trained."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from tests.conformance.scenarios import SCENARIOS, SETTINGS
from tests.conformance.specimens import bits, differing

from onward.engine.evaluate import judge
from onward.engine.probe import Probe
from onward.engine.update import update
from onward.learner import Learner
from onward.methods.least_squares import LeastSquares

HERE = SCENARIOS["byte images, batch norm"]
FINE = replace(SETTINGS, read_every=1)


@pytest.fixture(scope="module")
def parent():
    return update(Learner(HERE.net(), LeastSquares()), HERE.first, SETTINGS, seed=0)[0]


@pytest.mark.parametrize("scenario", ["byte images, batch norm", "more data, dropout"])
def test_looking_on_moves_no_bit(scenario):
    here = SCENARIOS[scenario]
    plain, _ = update(Learner(here.net()), here.first, FINE, seed=1)
    seen, _ = update(Learner(here.net()), here.first, FINE, seed=1, observe=Probe({"new": here.first}))
    assert differing(bits(plain), bits(seen)) == []


def test_the_first_reading_is_of_the_start_and_the_last_of_the_child(parent):
    probe = Probe({"old": HERE.first, "new": HERE.second})
    child, record = update(parent, HERE.second, FINE, seed=1, observe=probe)
    start, _ = update(parent, HERE.second, replace(FINE, steps=0), seed=1)
    assert probe.steps == list(range(record.cost.steps + 1))
    for name, test in (("old", HERE.first), ("new", HERE.second)):
        read = probe.accuracy[name]
        assert (read[0], read[-1]) == (judge(start, test).accuracy, judge(child, test).accuracy)
    assert probe.terms[0] == {}
    values = [terms["cross_entropy"] for terms in probe.terms[1:]]
    assert values == list(record.phases[0].curve["cross_entropy"])


def test_what_it_reads_on_the_way_is_what_a_shorter_run_ends_with(parent):
    probe, short = Probe({"new": HERE.second}), replace(FINE, steps=3)
    update(parent, HERE.second, FINE, seed=1, observe=probe)
    ended, _ = update(parent, HERE.second, short, seed=1)
    assert probe.accuracy["new"][3] == judge(ended, HERE.second).accuracy


def test_others_are_told_as_well():
    told = []
    probe = Probe({}, then=told.append)
    update(Learner(HERE.net()), HERE.first, replace(SETTINGS, read_every=2), seed=1, observe=probe)
    assert [each.step for each in told] == probe.steps and len(told) > 2
    assert all(isinstance(each.model, torch.nn.Module) for each in told)
