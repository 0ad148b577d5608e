"""Phases are values: what is added to one is added to a copy."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from onward.errors import InputError
from onward.nets.classifier import Classifier
from onward.nets.zoo import fresh
from onward.phase import Phase, unused
from onward.rng import generator
from onward.settings import Settings
from onward.step import Outputs, Step, cross_entropy
from onward.types import Batch, Examples

DATA = Examples(torch.randn(6, 3, generator=generator(0)), torch.tensor([0, 1, 2, 0, 1, 2]), tuple("abc"))
PHASE = Phase("train", DATA, Settings())
BATCH = Batch(DATA.inputs, DATA.targets)


@pytest.fixture
def model():
    model = fresh("mlp", (3,), seed=0, width=4, depth=1)
    model.grow("abc", seed=0)
    return model.eval()


def one(step):
    return torch.ones(())


def two(step):
    return torch.ones(()) * 2


def test_a_term_is_added_to_a_copy_and_a_taken_name_gets_a_number():
    more = PHASE.plus(ewc=one).plus(ewc=two, cross_entropy=one)
    assert list(PHASE.terms) == ["cross_entropy"]
    assert list(more.terms) == ["cross_entropy", "ewc", "ewc.2", "cross_entropy.2"]
    assert more.terms["ewc"] is one and more.terms["ewc.2"] is two


@pytest.mark.parametrize(("taken", "name"), [([], "a"), (["b"], "a"), (["a"], "a.2"), (["a", "a.2", "a.3"], "a.4")])
def test_a_name_is_free(taken, name):
    assert unused("a", taken) == name


def test_another_loss_comes_in_the_place_of_the_cross_entropy_once():
    def other(step):
        return step.logits.sum()

    def added(step):
        return step.logits.mean()

    plain = PHASE.plus(pull=added)
    assert plain.exchanged(other).terms == {"cross_entropy": other, "pull": added}
    renamed = plain.exchanged(other, name="squared_error")
    assert list(renamed.terms.items()) == [("squared_error", other), ("pull", added)]
    for done in (plain.exchanged(other), renamed):
        with pytest.raises(InputError, match=r"'train' has another loss in its place .* it has .*pull\. Two"):
            done.exchanged(other)


def test_a_mix_is_at_most_all_of_its_data_and_of_nothing_nothing():
    nothing = Examples(DATA.inputs[:0], DATA.targets[:0], DATA.classes)
    mixes = PHASE.mixed(DATA, 4).mixed(DATA, 99).mixes
    assert [(mix.data, mix.size) for mix in mixes] == [(DATA, 4), (DATA, 6)]
    assert PHASE.mixed(nothing, 4).mixes == () and PHASE.mixed(DATA, 0).mixes == ()


def test_only_narrows_what_is_trained_further_and_further():
    phase = PHASE.only(lambda name: name.startswith("head")).only(lambda name: name.endswith("bias"))
    assert [phase.trains(name) for name in ("head.bias", "head.weight", "backbone.bias")] == [True, False, False]
    assert PHASE.trains("backbone.bias")


def test_edits_run_in_the_order_in_which_they_came():
    assert PHASE.edited(one).edited(two).edits == (one, two) and PHASE.edits == ()


def test_followers_follow_in_the_order_in_which_they_came():
    assert PHASE.followed(one).followed(two).followers == (one, two) and PHASE.followers == ()


def test_tuning_changes_this_phase_alone_and_checks_the_values():
    assert PHASE.tuned(lr=0.7).settings == Settings(lr=0.7) and PHASE.settings == Settings()
    with pytest.raises(InputError, match="lr must be > 0"):
        PHASE.tuned(lr=-1.0)


def test_a_step_computes_features_once_for_all_terms(model):
    calls = []

    def features(inputs):
        calls.append(len(inputs))
        return model.features(inputs)

    step = Step(model, BATCH, generator(0), features=features)
    assert torch.equal(step.logits, model(DATA.inputs)) and torch.equal(step.features, model.features(DATA.inputs))
    assert step.logits is step.logits and calls == [6]


def test_a_step_asks_the_parent_once_and_only_if_there_is_one(model):
    calls = []

    def parent():
        calls.append(1)
        return Outputs(torch.zeros(6, 4), torch.ones(6, 2))

    step = Step(model, BATCH, generator(0), parent)
    assert calls == []
    assert step.old.logits is step.old.logits and calls == [1]
    with pytest.raises(InputError, match="needs a parent"):
        _ = Step(model, BATCH, generator(0)).old


def test_cross_entropy_is_the_mean_over_the_batch(model):
    logits = model(DATA.inputs)
    by_hand = -logits.log_softmax(dim=1)[torch.arange(6), DATA.targets].mean()
    torch.testing.assert_close(cross_entropy(Step(model, BATCH, generator(0))), by_hand)


def test_cross_entropy_of_a_task_head_is_among_the_classes_of_the_task(model):
    tasked = Classifier(model.backbone, model.head, model.classes, tasks=(0, 1, 1))
    logits = tasked(DATA.inputs)
    # Class a is alone in its task, so its examples cost nothing; b and c are two-way problems.
    ab = F.cross_entropy(logits[[1, 2, 4, 5], 1:], torch.tensor([0, 1, 0, 1]), reduction="sum")
    torch.testing.assert_close(cross_entropy(Step(tasked, BATCH, generator(0))), ab / 6)
