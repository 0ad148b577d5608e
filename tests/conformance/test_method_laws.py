"""What holds of a method by itself: it is a plain value, it learns, it earns its name, and off is off."""

from __future__ import annotations

import copy
import dataclasses
import json
import tomllib
from functools import cache
from typing import get_type_hints

import pytest
import tomli_w
from tests.conformance.scenarios import SCENARIOS, SETTINGS
from tests.conformance.specimens import SPECIMENS, SUBJECTS, bits, differing, life

from onward import catalogue
from onward.engine.evaluate import judge
from onward.engine.update import update
from onward.errors import InputError
from onward.learner import Learner
from onward.method import chained
from onward.methods.warm_start import WarmStart
from onward.nets.zoo import fresh
from onward.toy import SETTINGS as LONG
from onward.toy import blobs

METHODS = {name: each.shown for name, each in SPECIMENS.items()}
SEEDS = (0, 1)


@pytest.mark.parametrize("name", METHODS)
def test_it_is_a_frozen_dataclass_with_a_type_and_a_default_for_every_field(name):
    kind = type(METHODS[name])
    assert kind.__dataclass_params__.frozen
    assert kind().name == name
    assert set(get_type_hints(kind)) >= {field.name for field in dataclasses.fields(kind)}
    with pytest.raises(dataclasses.FrozenInstanceError):
        kind().anything = 1


@pytest.mark.parametrize("name", METHODS)
def test_its_repr_evaluates_to_it(name):
    method = METHODS[name]
    assert eval(repr(method), {type(method).__name__: type(method)}) == method


def test_the_repr_of_a_chain_evaluates_to_it():
    known = {type(method).__name__: type(method) for method in METHODS.values()}
    for name in SUBJECTS.keys() - METHODS.keys():
        assert eval(repr(SUBJECTS[name]), known) == SUBJECTS[name]


@pytest.mark.parametrize("method", [*METHODS.values(), *(type(m)() for m in METHODS.values())], ids=repr)
def test_it_survives_json_and_toml(method):
    """Field by field in JSON; in TOML, which has no None, as a configuration file and the command line write it."""
    fields = dataclasses.asdict(method)
    assert catalogue.made(method.name, json.loads(json.dumps(fields))) == method
    text = tomllib.loads(tomli_w.dumps({"method": catalogue.written(method)}))["method"]
    assert catalogue.parsed(text) == chained(method)


@pytest.mark.parametrize("name", METHODS)
def test_an_update_leaves_nothing_on_it(name):
    method = copy.deepcopy(METHODS[name])
    here = SCENARIOS["new classes"]
    learner, _ = update(Learner(here.net(), method), here.first, SETTINGS)
    update(learner, here.second, SETTINGS)
    assert vars(method) == vars(METHODS[name])
    assert vars(method).keys() == {field.name for field in dataclasses.fields(method)}


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("name", [n for n, each in SPECIMENS.items() if not isinstance(each.off, str)])
def test_off_is_the_warm_start_bit_for_bit(name, scenario):
    off, plain = life(SPECIMENS[name].off, scenario), life(WarmStart(), scenario)
    for ours, theirs in ((off.parent, plain.parent), (off.child, plain.child)):
        assert differing(ours.model.state_dict(), theirs.model.state_dict()) == []


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("name", [n for n, each in SPECIMENS.items() if n != "warm_start"])
def test_as_shown_it_is_not_the_warm_start(name, scenario):
    ours, plain = life(METHODS[name], scenario).child, life(WarmStart(), scenario).child
    same = differing(ours.model.state_dict(), plain.model.state_dict()) == []
    assert same == (scenario in SPECIMENS[name].idle)


@pytest.mark.parametrize("name", [n for n, each in SPECIMENS.items() if isinstance(each.off, str)])
def test_a_method_that_cannot_be_turned_off_says_why(name):
    assert len(SPECIMENS[name].off.split()) > 3


@pytest.mark.parametrize("name", SUBJECTS)
def test_it_learns_what_is_new_and_its_loss_falls(name):
    learner = Learner(fresh("mlp", (2,), seed=0, width=16, depth=1), SUBJECTS[name])
    learner, _ = update(learner, blobs({"north": (0.0, 2.0), "south": (0.0, -2.0)}, 0), LONG)
    new = blobs({"east": (2.0, 0.0), "west": (-2.0, 0.0)}, 1)
    child, record = update(learner, new, LONG)
    assert judge(child, new).accuracy > 0.9
    for phase in record.phases:
        total = [sum(values) for values in zip(*phase.curve.values(), strict=True)]
        assert len(total) > 1
        assert total[-1] < total[0]


@cache
def of_warm_start(toy, seed):
    return toy(WarmStart(), seed)


@pytest.mark.parametrize("name", [n for n, each in SPECIMENS.items() if not isinstance(each.earns, str)])
def test_it_holds_what_is_old_better_than_the_warm_start(name):
    each = SPECIMENS[name]
    gains = [each.earns(each.shown, seed).old - of_warm_start(each.earns, seed).old for seed in SEEDS]
    assert min(gains) > 0.03
    assert sum(gains) / len(gains) > 0.07


@pytest.mark.parametrize("name", [n for n, each in SPECIMENS.items() if isinstance(each.earns, str)])
def test_a_method_that_need_not_hold_the_past_says_why(name):
    assert len(SPECIMENS[name].earns.split()) > 3


@pytest.mark.parametrize("name", METHODS)
def test_it_can_take_over_a_model_that_another_method_made(name):
    """A method may be switched in the middle of a lineage: there is a parent, and nothing kept."""
    here, parent = SCENARIOS["new classes"], life(WarmStart(), "new classes").parent
    if SPECIMENS[name].needs_its_past:
        with pytest.raises(InputError, match=f"^{name} .*: bring .* this once, or take "):
            update(parent, here.second, SETTINGS, method=METHODS[name])
        return
    child, _ = update(parent, here.second, SETTINGS, method=METHODS[name])
    assert all(bool(tensor.isfinite().all()) for tensor in bits(child).values())
    assert child.classes == tuple("abcde")
