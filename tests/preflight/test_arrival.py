"""A preflight on real digits: what arrived, and which scenario it is."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest
import torch
from tests.preflight.arrivals import ALL, NEW, OLD, arrived, digits, held, scanned, turned, version

from onward.catalogue import parsed
from onward.errors import InputError
from onward.learner import Learner
from onward.nets.zoo import fresh
from onward.preflight.arrival import preflight
from onward.preflight.facts import Counts, Preflight
from onward.schema import checked
from onward.types import Examples, retargeted, subset


def found(data, known=ALL, counts=None, before=None):
    return preflight(before or version(known), data, held(known), parsed("lwf"), counts or Counts(), 0)


def test_more_of_the_same():
    facts = found(arrived())
    assert (facts.scenario, facts.new, facts.missing, facts.warnings) == ("same classes", (), (), ())
    assert facts.old == tuple(ALL) and facts.examples == len(arrived()) == sum(facts.counts.values())
    assert facts.shift is not None and not facts.shift.shifted


def test_new_classes():
    facts = found(arrived(NEW), OLD)
    assert (facts.scenario, facts.new, facts.missing) == ("new classes", tuple(NEW), tuple(OLD))
    assert facts.shift is not None and facts.shift.statistic is None
    with_old = found(arrived(), OLD)
    assert (with_old.scenario, with_old.old, with_old.new) == ("new classes", tuple(OLD), tuple(NEW))
    assert with_old.shift is not None and with_old.shift.examples == 252


def test_pages_from_elsewhere():
    assert found(turned(arrived())).scenario == "shifted domain"
    assert found(scanned(arrived(OLD)), OLD).scenario == "shifted domain"


def test_both():
    assert found(scanned(arrived()), OLD).scenario == "mixed"


def test_first_data():
    facts = found(digits("train"), "", before=Learner(fresh("mlp", (1, 8, 8), seed=0)))
    assert (facts.scenario, facts.shift, facts.new) == ("first data", None, tuple(ALL))


def test_imbalance_is_the_largest_class_over_the_smallest_that_arrived():
    rows = torch.cat([(digits("train").targets == k).nonzero()[:n, 0] for k, n in ((3, 60), (4, 24), (5, 40))])
    facts = found(subset(digits("train"), rows))
    assert facts.counts == {"3": 60, "4": 24, "5": 40} and facts.imbalance == 2.5


def test_a_class_under_another_name_is_the_class():
    before, data = version(), arrived()
    names = ("naught", *data.classes[1:])
    model = type(before.model)(before.model.backbone, before.model.head, ALL, aliases={"naught": "0"})
    facts = found(retargeted(data, data.targets, names), before=Learner(model.eval()))
    assert facts.old == tuple(ALL) and facts.new == () and "naught" not in facts.counts


def test_what_was_counted_while_reading_is_taken_over_and_all_of_it_goes_through_json():
    counts = Counts(duplicates=3, contradictions=1, overlap={"digits:test": 2}, unlabeled=4, corrupt=5)
    facts = found(turned(arrived(NEW + "0")), OLD, counts)
    assert (facts.duplicates, facts.contradictions, facts.unlabeled, facts.corrupt) == (3, 1, 4, 5)
    assert facts.overlap == {"digits:test": 2} and facts.warnings
    assert checked(Preflight, json.loads(json.dumps(asdict(facts), allow_nan=False)), "card") == facts


def test_data_that_the_model_cannot_take_is_refused():
    wide = Examples(torch.zeros(4, 1, 9, 9), torch.zeros(4, dtype=torch.int64), ("0",))
    with pytest.raises(InputError, match=r"inputs of shape \(1, 9, 9\), the model takes \(1, 8, 8\)"):
        found(wide)
