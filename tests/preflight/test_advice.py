"""Advice on real digits, and the rule behind it at its borders."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from tests.engine.problems import everything
from tests.preflight.arrivals import ALL, NEW, OLD, arrived, begun, digits, held, of, turned, version

from onward.catalogue import parsed
from onward.engine.evaluate import judge
from onward.engine.update import update
from onward.learner import Learner
from onward.nets.classifier import Classifier
from onward.nets.head import Head
from onward.nets.zoo import fresh
from onward.preflight.advice import MOSTLY_NEW, TOLERANCE, Question, advise, chosen
from onward.preflight.arrival import preflight
from onward.preflight.basis import Accuracy, Basis
from onward.preflight.facts import Counts, Preflight
from onward.settings import Settings
from onward.types import subset

COMMAND = "onward update prod --data S"


def advised(data, known=ALL, method="warm_start", so_far=800, before=None, old=None, thought=None, **more):
    before, old = before or version(known, method), held(known) if old is None else old
    facts = preflight(before, data, old, before.method, Counts(), 0)
    thought = parsed(thought) if thought else before.method
    asked = Question(before, data, old, facts, thought, Settings(epochs=3), COMMAND, 0, so_far, **more)
    return advise(asked)


def option(advice, name):
    return next(each for each in advice.options if each.name == name)


def test_more_of_the_same_asks_for_nothing():
    advice = advised(arrived())
    assert advice.recommended == "nothing"
    assert advice.why == "no class is new, and what arrived is predicted no worse than the old tests"
    nothing = option(advice, "nothing")
    assert (nothing.command, nothing.examples, nothing.flops, nothing.seconds) == ("", 0, 0, 0.0)


def test_three_new_digits_ask_for_training():
    advice = advised(arrived(NEW), OLD, "replay")
    assert advice.recommended in ("head", "update")
    assert advice.facts.scenario == "new classes" and advice.why.startswith("3 classes new")
    assert advice.basis.arrived.share == 0.0 and advice.basis.known is None and advice.basis.loss is None
    assert "7, 8, 9 never predicted" in option(advice, "nothing").outlook


def test_new_digits_among_old_ones_ask_for_training():
    advice = advised(arrived(), OLD, "replay")
    assert advice.recommended in ("head", "update")
    said = judge(version(OLD, "replay"), arrived())
    assert advice.basis.arrived.share == pytest.approx(said.accuracy)


def test_pages_askew_ask_for_an_update():
    advice = advised(turned(arrived()), method="replay")
    assert advice.recommended == "update" and advice.basis.loss[0] > 0
    assert advice.basis.probe.share < advice.basis.tests.share - TOLERANCE
    assert any(text.startswith("shift: AUC") for text in advice.grounds)


def test_pages_askew_and_new_digits():
    advice = advised(turned(arrived()), OLD, "replay")
    assert (advice.facts.scenario, advice.recommended) == ("mixed", "update")


def test_hard_classes_alone_are_no_loss():
    """The digits that the version knows least well, eight and nine, as they have always been."""
    advice = advised(arrived("89"))
    assert advice.basis.known.share < advice.basis.tests.share
    assert advice.basis.loss[0] <= 0 and advice.recommended == "nothing"


def test_features_that_know_more_than_their_head_ask_for_the_head_alone():
    """A network that has learned all ten digits under a head that knows seven of them, when an eighth arrives."""
    whole, head = version().model, Head(64, [7])
    rows = [whole.classes.index(name) for name in OLD]
    head.load_state_dict({name: values[rows] for name, values in whole.head.state_dict().items()})
    before = Learner(Classifier(whole.backbone, head, tuple(OLD)).eval())
    advice = advised(arrived(OLD + "7"), OLD, before=before)
    assert advice.recommended == "head"
    assert advice.basis.probe.share > advice.basis.tests.share - TOLERANCE > advice.basis.arrived.share


def test_a_first_version_asks_for_an_update():
    advice = advised(digits("train"), before=Learner(fresh("mlp", (1, 8, 8), seed=0)), old={}, so_far=0)
    assert (advice.recommended, advice.why) == ("update", "the version in use knows no class yet")
    assert advice.basis == Basis()


def test_without_an_old_test_set_a_loss_cannot_be_told_and_that_is_said():
    advice = advised(turned(arrived()), old={})
    assert advice.recommended == "nothing" and "without a test set that came with an earlier update" in advice.why
    assert advice.basis.tests is None


def test_examples_and_flops_are_what_training_takes():
    advice = advised(arrived())
    n, update, scratch = len(arrived()), option(advice, "update"), option(advice, "scratch")
    assert (update.examples, scratch.examples) == (3 * n, 3 * (n + 800))
    assert update.flops / update.examples == scratch.flops / scratch.examples > 0
    assert option(advice, "head").flops < update.flops and update.seconds > 0
    unknown = option(advised(arrived(), so_far=None), "scratch")
    assert (unknown.examples, unknown.flops, unknown.seconds) == (None, None, None)


def test_commands_can_be_typed_and_name_a_method_that_fits():
    lone = advised(arrived(NEW), OLD, "lwf")
    assert option(lone, "update").command == f"{COMMAND} --method 'replay(size=500, per_batch=32)'"
    assert "replay has kept nothing so far" in option(lone, "update").outlook
    kept = advised(arrived(NEW), OLD, "replay")
    assert option(advised(arrived(NEW), OLD, "replay", thought="lwf"), "update").command == COMMAND
    assert option(kept, "update").command == COMMAND
    assert option(kept, "head").command == f"{COMMAND} --set trains=head"
    assert option(kept, "scratch").command == f"{COMMAND} --method scratch"
    assert option(advised(arrived(NEW), OLD, "joint"), "scratch").command == f"{COMMAND} --method joint"


def test_where_the_sums_are_kept_the_head_is_solved_in_one_pass():
    lone, kept = advised(arrived(NEW), OLD, "replay"), advised(arrived(NEW), OLD, "refit_head")
    assert option(lone, "head").command.endswith("--set trains=head")
    solved = option(kept, "head")
    assert (solved.command, solved.examples) == (COMMAND, len(arrived(NEW)))
    assert solved.outlook.endswith("the features stay; nothing is forgotten")
    before = replace(version(OLD, "refit_head"), method=parsed("lwf"))
    assert option(advised(arrived(NEW), OLD, before=before), "head").command == f"{COMMAND} --method refit_head"
    child, record = update(before, arrived(NEW), Settings(), method=parsed("refit_head"))
    assert record.cost.steps == 0 and judge(child, held()["digits:test"]).accuracy > 0.8


def test_where_no_example_may_be_kept_no_method_that_keeps_some_is_named():
    lone = advised(turned(arrived()), method="warm_start", exemplar_free=True)
    assert option(lone, "update").command.endswith(
        "--method 'ewc(strength=100.0, decay=1.0, examples=1000, stable=True)'"
    )
    none_fits = advised(arrived(NEW), OLD, "lwf", exemplar_free=True)
    assert option(none_fits, "update").command == COMMAND


def test_nothing_is_trained_and_the_same_seed_gives_the_same():
    before, state = everything(version(OLD)), torch.get_rng_state()
    first, second = advised(arrived(), OLD), advised(arrived(), OLD)
    assert (first.basis, first.grounds, first.recommended) == (second.basis, second.grounds, second.recommended)
    assert everything(version(OLD)) == before and torch.equal(torch.get_rng_state(), state)


def test_what_was_trained_on_is_seen_as_what_it_is():
    assert advised(subset(begun(), torch.arange(400))).recommended == "nothing"


def share(value, n=1000):
    right = torch.zeros(n, dtype=torch.bool)
    right[: round(value * n)] = True
    return Accuracy.of(right)


GROWN = Preflight(200, new=("a",), scenario="new classes")


@pytest.mark.parametrize(("probe", "name"), [(0.90, "head"), (0.881, "head"), (0.879, "update"), (0.5, "update")])
def test_a_probe_within_the_tolerance_of_the_old_tests_speaks_for_the_head(probe, name):
    assert chosen(Basis(tests=share(0.9), probe=share(probe)), GROWN, None)[0] == name


def test_where_most_data_is_new_an_update_is_as_dear_as_training_from_scratch():
    weak = Basis(tests=share(0.9), probe=share(0.5))
    assert chosen(weak, GROWN, round(200 / MOSTLY_NEW) - 200)[0] == "scratch"
    assert chosen(weak, GROWN, round(200 / MOSTLY_NEW) - 200 + 1)[0] == "update"
    assert chosen(weak, GROWN, None)[0] == "update"


def test_a_loss_counts_only_where_its_interval_is_above_zero():
    same = Preflight(200, old=("a",), scenario="same classes")
    basis = {"tests": share(0.9), "known": share(0.85), "probe": share(0.6)}
    assert chosen(Basis(**basis, loss=(0.001, 0.1)), same, None)[0] == "update"
    assert chosen(Basis(**basis, loss=(0.0, 0.1)), same, None)[0] == "nothing"


def test_accuracy_of_no_answers_is_none():
    assert Accuracy.of(torch.zeros(0, dtype=torch.bool)) is None
    assert of(arrived(), NEW).classes == tuple(ALL)
