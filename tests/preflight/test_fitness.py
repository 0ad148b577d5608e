"""What is said of methods, held against what they do on real digits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

import pytest
from tests.preflight.arrivals import NEW, OLD, arrived, held, version

from onward import catalogue
from onward.catalogue import parsed
from onward.engine.evaluate import judge
from onward.engine.update import update
from onward.method import Method
from onward.preflight.facts import Preflight, Scenario
from onward.preflight.fitness import FAILS, FITS, HOLDS_BY, UNPROTECTING, failing, fitting, names_in
from onward.settings import Part, Settings

SCENARIOS = get_args(Scenario)


def facts(scenario, missing=("a",)):
    return Preflight(10, missing=missing, scenario=scenario)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_what_fits_is_written_as_one_types_it_and_is_not_known_to_fail(scenario):
    for text in fitting(scenario):
        assert failing(facts(scenario), parsed(text)) == {}
        assert " | ".join(names_in(parsed(text))) == text


def test_only_methods_and_scenarios_that_there_are_are_named():
    named = {name for _, name in FAILS} | UNPROTECTING | set(HOLDS_BY)
    assert named <= set(catalogue.names())
    assert {scenario for scenario, _ in FAILS} <= set(FITS) == set(SCENARIOS)


@pytest.mark.parametrize(
    "name",
    [
        "warm_start",
        "a_gem",
        "ewc",
        "mas",
        "regmean",
        "si",
        "sam",
        "weight_average",
        "podnet",
        "lwf",
        "ckca",
        "scratch",
        "expanse",
        "progressive",
        "side_network",
        "freeze_old_rows",
        "least_squares",
        "soft_targets",
        "layer_decay",
        "freeze_stem",
        "align_head",
        "stable_sgd",
        "subspace_ensemble",
        "two_step",
        "batch_ensemble",
        "vanilla_ensemble",
        "net2net",
    ],
)
def test_what_is_said_to_forget_when_classes_are_new_forgets_on_the_digits(name):
    assert name in failing(facts("new classes"), parsed(name))
    assert old_after(name) < 0.1


def test_what_is_said_to_fit_keeps_old_classes_on_the_digits():
    for text in fitting("new classes")[:3]:
        assert old_after(text) > 0.7


def test_what_is_said_to_recall_late_holds_old_classes_after_more_epochs():
    assert "train for longer" in failing(facts("new classes"), parsed("gem"))["gem"]
    assert old_after("gem") < 0.3 and old_after("gem", epochs=30) > 0.7


def test_what_is_said_to_bring_level_what_something_else_must_hold():
    assert "replay | bic" in failing(facts("new classes"), parsed("bic"))["bic"]
    assert failing(facts("new classes"), parsed("replay | bic")) == {}
    assert old_after("bic") < 0.4 and old_after("replay | bic") > 0.7


def test_what_is_said_of_drawn_features_holds_where_the_head_alone_is_trained():
    assert 'trains = "head"' in failing(facts("new classes"), parsed("align_head"))["align_head"]
    assert old_after("align_head", trains="head") > 0.9


def test_what_is_said_not_to_tell_new_from_old_calls_much_that_is_new_old():
    assert "er_ace" in failing(facts("new classes"), parsed("ace"))["ace"]
    assert failing(facts("new classes"), parsed("er_ace")) == {}
    assert accuracy_after("ace", NEW) < 0.5 < accuracy_after("er_ace", NEW)
    assert old_after("er_ace") > 0.7


def old_after(method: str, trains: Part = "all", epochs: int = 8) -> float:
    """Accuracy on the digits 0 to 6 after an update with 7 to 9."""
    return accuracy_after(method, OLD, trains, epochs)


def accuracy_after(method: str, digits: tuple[str, ...], trains: Part = "all", epochs: int = 8) -> float:
    """Accuracy on some digits after that."""
    after, _ = update(version(OLD, method), arrived(NEW), Settings(epochs=epochs, trains=trains))
    return judge(after, held(digits)["digits:test"]).accuracy


def test_one_method_of_a_chain_that_is_not_known_to_fail_is_enough():
    assert failing(facts("new classes"), parsed("ewc | replay")) == {}
    assert list(failing(facts("new classes"), parsed("ewc | lwf"))) == ["ewc", "lwf"]


def test_where_every_old_class_came_along_nothing_is_known_to_fail():
    assert failing(facts("new classes", missing=()), parsed("ewc")) == {}
    assert failing(facts("shifted domain", missing=()), parsed("warm_start"))


def test_chains_that_keep_examples_can_be_left_out():
    assert fitting("new classes", exemplar_free=True) == ("refit_head",)
    assert all(fitting(scenario, exemplar_free=True) for scenario in SCENARIOS)
    assert fitting("shifted domain", exemplar_free=True) == ("ewc", "lwf")


@dataclass(frozen=True)
class Foreign(Method):
    """A method of another package."""

    def plan(self, phases, model, context):
        """Leave the plan as it is."""
        yield from phases


def test_of_another_packages_method_nothing_is_said():
    assert all(failing(facts(scenario), Foreign()) == {} for scenario in SCENARIOS)
