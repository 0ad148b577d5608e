"""Each warning: when it is given, and when it is not."""

from __future__ import annotations

import pytest
from tests.preflight.arrivals import OLD, version

from onward.catalogue import parsed
from onward.learner import Learner
from onward.nets.zoo import fresh
from onward.preflight.facts import Preflight
from onward.preflight.warned import of_rate, warnings_on
from onward.settings import Settings

FINE = Preflight(200, counts={"a": 100, "b": 100}, old=("a", "b"), scenario="same classes")
GROWN = Preflight(90, counts={"7": 90}, new=("7",), missing=tuple(OLD), scenario="new classes")


def warned(facts, method="warm_start", before=None, exemplar_free=False):
    return warnings_on(facts, before or version(OLD), parsed(method), exemplar_free)


def test_where_nothing_is_wrong_nothing_is_said():
    assert warned(FINE) == ()


@pytest.mark.parametrize(
    ("method", "why"),
    [
        ("warm_start", "warm_start alone: nothing in it recalls the classes that did not arrive"),
        ("ewc", "ewc alone: near chance on old classes when new ones come without them: it holds old weights"),
        ("lwf", "lwf alone: near chance on old classes when new ones come without them: it holds the parent's answers"),
        ("scratch", "scratch alone: it throws the old weights away"),
    ],
)
def test_new_classes_without_old_ones(method, why):
    told = warned(GROWN, method, version(OLD, method))
    assert len(told) == 1 and told[0].startswith(why)
    assert told[0].endswith("; what fits: 'replay', 'lwf | replay'")


def test_a_chain_that_recalls_is_not_warned_of():
    assert warned(GROWN, "ewc | replay", version(OLD, "ewc | replay")) == ()
    assert warned(GROWN, "joint", version(OLD, "joint")) == ()


@pytest.mark.parametrize("method", ["replay", "joint", "ewc"])
def test_a_method_that_has_kept_nothing_yet(method):
    told = warned(FINE, method, version(OLD))
    assert len(told) == 1 and told[0].startswith(f"{method} holds nothing yet")
    assert warned(FINE, method, version(OLD, method)) == ()


def test_a_first_version_has_nothing_to_hold():
    nothing = Learner(fresh("mlp", (1, 8, 8), seed=0))
    assert warned(Preflight(9, counts={"a": 9}, new=("a",)), "replay", nothing) == ()


def test_known_classes_that_did_not_arrive_and_nothing_that_holds_them():
    some = Preflight(200, counts={"0": 200}, old=("0",), missing=("1", "2"), scenario="same classes")
    (told,) = warned(some)
    assert told.startswith("2 known classes did not arrive (1, 2), and warm_start holds on to nothing of the past")
    assert warned(some, "lwf") == ()


def test_a_shifted_domain_and_nothing_that_holds_the_old():
    shifted = Preflight(200, counts={"0": 200}, old=("0",), scenario="shifted domain")
    assert "nothing in it holds the old domain" in warned(shifted)[0]
    assert warned(shifted, "lwf") == ()


def test_where_no_example_may_be_kept_nothing_that_keeps_some_is_recommended():
    assert warned(GROWN, exemplar_free=True)[0].endswith("; what fits: 'refit_head'")
    some = Preflight(200, counts={"0": 200}, old=("0",), missing=("1",), scenario="same classes")
    assert warned(some)[0].endswith("what does: ewc, lwf, replay")
    assert warned(some, exemplar_free=True)[0].endswith("what does: ewc, lwf")
    shifted = Preflight(200, counts={"0": 200}, old=("0",), scenario="shifted domain")
    assert warned(shifted, exemplar_free=True)[0].endswith("what fits: 'ewc', 'lwf'")


def test_classes_of_few_examples():
    (told,) = warned(Preflight(10, counts={"a": 5, "b": 4, "c": 1}, old=("a", "b", "c"), scenario="same classes"))
    assert told == "2 classes with fewer than 5 examples (b 4, c 1): bring more of them"


def test_strong_imbalance():
    assert "the largest class has 10 times the examples of the smallest" in warned(uneven(10.0))[0]
    assert warned(uneven(9.9)) == ()


def uneven(imbalance):
    return Preflight(99, counts={"a": 90, "b": 9}, old=("a", "b"), imbalance=imbalance, scenario="same classes")


def test_the_same_content_under_two_labels():
    (told,) = warned(Preflight(99, counts={"a": 99}, old=("a",), contradictions=2, scenario="same classes"))
    assert told.startswith("2 examples with the same content as another under another label")


def test_a_rate_that_would_undo_a_trained_network_is_warned_of():
    (told,) = of_rate(Settings())
    assert "lr = 0.05 may undo" in told and "--set trains=head" in told and "--set lr=0.005" in told
    assert [*of_rate(Settings(lr=0.005))] == [*of_rate(Settings(trains="head"))] == []
    assert "--set lr=0.0005" in next(of_rate(Settings(optimiser="adamw", lr=0.001)))
