"""Networks side by side: the head on their features says the mean of what they say."""

from __future__ import annotations

import copy

import pytest
import torch

from onward.errors import InputError
from onward.nets.ensemble import Ensemble, ensemble_under, said_by_each
from onward.nets.random_features import RandomFeatures
from onward.nets.zoo import again, build, ensemble, fresh
from onward.rng import generator, isolated

INPUTS = torch.randn(5, 1, 4, 4, generator=generator(0, "inputs"))


def three(bagging: bool = False):
    """Three convolutional networks with a head in two blocks."""
    model = fresh("cnn", (1, 4, 4), 0, width=1)
    for names in ("ab", "c"):
        model.grow(list(names), 0)
    return ensemble(model, 3, bagging, seed=1).eval()


def test_the_first_member_is_the_network_as_it_was_and_the_others_are_drawn_anew_with_its_biases():
    alone = fresh("cnn", (1, 4, 4), 0, width=1)
    alone.grow(["a", "b"], 0)
    torch.nn.init.constant_(alone.head.linears[0].bias, 0.5)
    made = ensemble(copy.deepcopy(alone), 3, False, seed=1).eval()
    first, *others = said_by_each(made, made.features(INPUTS))
    torch.testing.assert_close(first, alone.eval()(INPUTS))
    assert all((other - first).abs().max() > 1e-3 for other in others)
    assert made.head.sizes == (2,) and made.classes == ("a", "b")


def test_the_head_says_the_mean_of_what_each_says():
    model = three()
    features = model.features(INPUTS)
    torch.testing.assert_close(model.logits(features), said_by_each(model, features).mean(0))


def test_a_merged_class_is_merged_in_what_each_says():
    model = build(three().spec() | {"aliases": {"b": "a"}})
    said = said_by_each(model, model.features(INPUTS))
    assert (said[:, :, 1] < -9999).all()


def test_in_bagging_one_member_sees_a_batch_of_training_and_the_head_says_what_it_says():
    model = three(bagging=True)
    each = said_by_each(model, model.features(INPUTS))
    model.backbone.training = True  # batch norm stays at rest
    turns = []
    with isolated(0, "turns"):
        for _ in range(20):
            said = model(INPUTS)
            (turn,) = [k for k in range(3) if torch.allclose(said, each[k], rtol=1e-4, atol=1e-5)]
            turns.append(turn)
            said.sum().backward()
            reached = {name.split(".")[1] for name, p in model.backbone.named_parameters() if p.grad is not None}
            assert reached == {str(turn)}
            model.zero_grad()
    assert set(turns) == {0, 1, 2}


def test_it_is_built_again_from_its_spec_and_drawn_again_with_members_that_differ():
    model = three(bagging=True)
    other = build(model.spec())
    other.load_state_dict(model.state_dict())
    assert torch.equal(other.eval()(INPUTS), model(INPUTS))
    assert other.backbone.bagging
    anew = again(model, 5).eval()
    one, two, three_ = said_by_each(anew, anew.features(INPUTS))
    assert not torch.equal(one, two) and not torch.equal(two, three_)


def test_a_member_s_parameters_move_as_they_do_alone():
    class Held(type(fresh("mlp", (4,), 0).backbone)):
        def trains(self, name):
            return name == "layers.1.bias"

    held = Ensemble([Held((4,), width=3, depth=1) for _ in range(2)])
    assert [name for name, _ in held.named_parameters() if held.trains(name)] == [
        "members.0.layers.1.bias",
        "members.1.layers.1.bias",
    ]
    assert held.features == 6 and held.transform is None


def test_what_lies_between_members_and_the_head_is_refused():
    model = three()
    model.backbone = RandomFeatures(model.backbone, 7, 0)
    with pytest.raises(InputError, match="the backbone is a RandomFeatures; leave out the method that put it there"):
        ensemble_under(model)
