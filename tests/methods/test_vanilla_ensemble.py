"""A vanilla ensemble trains each member as if it were alone, and predicts by all of them."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
import torch
from tests.methods.walks import FIRST, RATE, SECOND, SEED, SETTINGS, batches, begun, grown, seen_by
from tests.reference.vanilla_ensemble import vanilla_ensemble
from torch import nn

from onward.engine.update import update
from onward.errors import InputError
from onward.export.served import refuse_more_than_a_network
from onward.method import Chain
from onward.methods.batch_ensemble import BatchEnsemble
from onward.methods.ckca import CKCA
from onward.methods.mc_sgd import MCSGD
from onward.methods.refit_head import RefitHead
from onward.methods.vanilla_ensemble import VanillaEnsemble, majority, most_confident
from onward.nets.ensemble import Ensemble
from onward.rng import isolated

METHOD = VanillaEnsemble(members=3)


def taken_apart(model):
    """The members of a model as networks of their own without biases, and the bias that they share."""
    n = len(model.backbone.members)
    columns = model.head.weight.detach().unflatten(1, (n, -1))
    members = []
    for index in range(n):
        head = nn.Linear(columns.shape[2], len(columns), bias=False)
        head.weight = nn.Parameter(columns[:, index].clone())
        members.append(nn.Sequential(copy.deepcopy(model.backbone.members[index]), head).train())
    return members, torch.cat([block.bias for block in model.head.blocks]).detach().clone().requires_grad_()


def assert_same_members(ours, theirs):
    (mine, bias), (members, shared) = taken_apart(ours), theirs
    torch.testing.assert_close(bias, shared, rtol=1e-3, atol=1e-5)
    for one, other in zip(mine, members, strict=True):
        for parameter, expected in zip(one.parameters(), other.parameters(), strict=True):
            torch.testing.assert_close(parameter, expected, rtol=1e-3, atol=1e-5)


def test_fifty_steps_are_those_of_each_member_alone():
    parent = begun(METHOD)
    child, record = update(parent, SECOND, SETTINGS, SEED)
    model = grown(parent)
    members, bias = taken_apart(model)
    vanilla_ensemble(members, bias, batches(seen_by(model)), **RATE)
    assert record.cost.steps == 50
    assert_same_members(child.model, (members, bias))


def test_in_bagging_fifty_batches_go_to_one_member_each():
    """Without momentum, by which the rows of those that are not drawn go on."""
    method, settings = replace(METHOD, bagging=True), replace(SETTINGS, momentum=0.0)
    parent = begun(method)
    child, _ = update(parent, SECOND, settings, SEED)
    model, turns = grown(parent), []
    for index in range(10):
        with isolated(SEED, "phase", 0, "train", index, "network"):
            turns += [int(torch.randint(3, ())) for _ in range(5)]
    members, bias = taken_apart(model)
    vanilla_ensemble(members, bias, batches(seen_by(model)), SETTINGS.lr, 0.0, turns)
    assert set(turns) == {0, 1, 2}
    assert_same_members(child.model, (members, bias))


def test_before_the_first_step_one_member_is_the_parent_and_the_others_differ():
    parent = begun(Chain())
    start, _ = update(parent, FIRST, replace(SETTINGS, steps=0), SEED, method=METHOD)
    (first, *others), bias = taken_apart(start.model)
    inputs = FIRST.inputs[:9]
    torch.testing.assert_close(first(inputs) + bias, parent.model(inputs))
    weights = [member[0].get_parameter("layers.1.weight") for member in (first, *others)]
    assert not any(torch.equal(weights[i], weights[j]) for i, j in ((0, 1), (0, 2), (1, 2)))


def test_the_model_says_the_mean_of_its_members():
    learner = begun(METHOD)
    members, bias = taken_apart(learner.model)
    inputs = FIRST.inputs[:9]
    mean = torch.stack([member(inputs) + bias for member in members]).mean(0)
    torch.testing.assert_close(learner.predict(inputs).logits, mean.detach(), rtol=1e-4, atol=1e-5)


# Three members, one example, three classes. Probabilities: (.6 .4 0), (.6 .4 0), (0 .9 .1).
SAID = torch.tensor([[0.6, 0.4, 1e-9], [0.6, 0.4, 1e-9], [1e-9, 0.9, 0.1]]).log()[:, None]


def test_the_most_confident_member_decides_alone_and_the_majority_against_it():
    assert torch.equal(most_confident(SAID)[0], SAID[2, 0])
    # votes (2 1 0), and mean probabilities (.4 .5667 .0333): shares (2.4 1.5667 .0333) / 4
    torch.testing.assert_close(majority(SAID)[0].exp(), torch.tensor([0.6, 0.391667, 0.008333]), rtol=1e-4, atol=1e-5)
    assert most_confident(SAID).argmax() == 1
    assert majority(SAID).argmax() == 0


def test_a_tie_of_votes_goes_to_the_higher_mean_probability():
    assert majority(SAID[1:]).argmax() == 1


@pytest.mark.parametrize("prediction", ["most_confident", "majority"])
def test_the_learner_decides_as_its_members_do(prediction):
    learner = begun(replace(METHOD, prediction=prediction))
    members, bias = taken_apart(learner.model)
    inputs = FIRST.inputs[::5]
    said = torch.stack([member(inputs) + bias for member in members]).detach()
    ours = learner.predict(inputs).logits
    torch.testing.assert_close(ours, globals()[prediction](said), rtol=1e-4, atol=1e-4)


def test_members_are_connected_all_at_once_behind_mc_sgd():
    _, record = update(begun(MCSGD(per_class=2) | METHOD), SECOND, SETTINGS, SEED)
    assert [phase.name for phase in record.phases] == ["train", "connect"]


@pytest.mark.parametrize("method", [MCSGD(per_class=2), CKCA()])
def test_behind_a_method_that_goes_towards_the_parent_what_the_parent_had_in_another_shape_stays(method):
    """The parent was one network, whose backbone and rows no member has under their names."""
    parent = begun(method)
    child, _ = update(parent, SECOND, replace(SETTINGS, epochs=2), SEED, method=method | METHOD)
    assert child.model.head.in_features == 3 * parent.model.head.in_features
    assert all(bool(each.isfinite().all()) for each in child.model.parameters())


def test_another_number_of_members_is_refused_and_so_is_another_ensemble():
    parent = begun(METHOD)
    with pytest.raises(InputError, match="is an ensemble of 3 members, and vanilla_ensemble asks for 2; set members"):
        update(parent, SECOND, SETTINGS, method=replace(METHOD, members=2))
    with pytest.raises(InputError, match=r"a lineage has one\. Leave the other out"):
        update(parent, SECOND, SETTINGS, method=BatchEnsemble())


def test_between_members_and_the_head_nothing_may_lie():
    with pytest.raises(InputError, match="right under the head, but here the backbone is a RandomFeatures"):
        update(begun(METHOD), FIRST, SETTINGS, method=RefitHead(expansion=20) | METHOD | Chain())


def test_export_is_refused_with_a_way_out():
    with pytest.raises(InputError, match="vanilla_ensemble predicts in a way of its own"):
        refuse_more_than_a_network(begun(METHOD))


@pytest.mark.parametrize("values", [{"members": 0}, {"prediction": "best"}])
def test_values_outside_their_ranges_are_refused(values):
    with pytest.raises(InputError, match=f"{next(iter(values))} must be"):
        VanillaEnsemble(**values)


def test_bagging_may_change_between_updates():
    child, _ = update(begun(METHOD), SECOND, SETTINGS, method=replace(METHOD, bagging=True))
    assert isinstance(child.model.backbone, Ensemble)
    assert child.model.backbone.bagging
