"""A classifier takes inputs as they are stored, and knows its classes by name."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from onward.errors import InputError
from onward.nets.backbone import same_weights
from onward.nets.classifier import Classifier
from onward.nets.head import Head
from onward.nets.resting import resting
from onward.nets.zoo import fresh
from onward.rng import generator

BYTES = torch.randint(0, 256, (6, 3, 4, 4), generator=generator(0), dtype=torch.uint8)


class Same(nn.Module):
    """Features that are the inputs themselves."""

    def forward(self, inputs):
        return inputs.flatten(1)


def same(**arguments) -> Classifier:
    return Classifier(Same(), Head(48), **arguments)


def test_bytes_are_the_same_as_floats_between_0_and_1():
    model = fresh("cnn", (3, 4, 4), seed=0, width=2).eval()
    model.grow("ab", seed=0)
    assert torch.equal(model(BYTES), model(BYTES.float() / 255))
    three = torch.tensor([[0, 51, 255]], dtype=torch.uint8)
    assert torch.equal(same().features(three), torch.tensor([[0.0, 0.2, 1.0]]))


def test_inputs_are_left_as_they_were():
    floats, copy = BYTES.float(), BYTES.clone()
    same(mean=(1.0, 2.0, 3.0), std=(2.0, 2.0, 2.0)).features(floats)
    same().features(BYTES)
    assert torch.equal(floats, BYTES.float()) and torch.equal(BYTES, copy)


def test_mean_and_std_are_by_channel_after_scaling():
    mean, std = (0.1, 0.2, 0.3), (1.0, 2.0, 4.0)
    features = same(mean=mean, std=std).features(BYTES).view(6, 3, 4, 4)
    for channel in range(3):
        by_hand = (BYTES[:, channel].float() / 255 - mean[channel]) / std[channel]
        torch.testing.assert_close(features[:, channel], by_hand)


def test_the_channels_of_vectors_are_their_numbers():
    features = same(mean=(1.0, 2.0), std=(1.0, 4.0)).features(torch.tensor([[1.0, 2.0], [3.0, 6.0]]))
    assert torch.equal(features, torch.tensor([[0.0, 0.0], [2.0, 1.0]]))


def test_floats_of_another_width_become_the_model_s():
    model = fresh("mlp", (3,), seed=0, width=2).double()
    assert model.features(torch.zeros(1, 3)).dtype == model.features(BYTES[:1, :, 0, 0]).dtype == torch.float64


def test_growing_appends_names_and_old_names_grow_nothing():
    model = fresh("mlp", (3,), seed=0, width=4)
    model.grow(["b", "a", "b"], seed=0)
    assert model.classes == ("b", "a") and model.head.sizes == (2,)
    state = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    model.grow(["a", "b"], seed=1)
    assert model.head.sizes == (2,) and all(torch.equal(model.state_dict()[name], state[name]) for name in state)
    model.grow(["a", "c"], seed=1)
    assert model.classes == ("b", "a", "c") and model.head.sizes == (2, 1)


def test_the_first_rows_have_the_type_of_the_backbone():
    model = fresh("mlp", (3,), seed=0, width=4).double()
    model.grow("ab", seed=0)
    assert model(torch.zeros(1, 3)).dtype == torch.float64
    absent = fresh("mlp", (3,), seed=0, width=4).to("meta")
    absent.grow("ab", seed=0)
    assert absent.head.blocks[0].weight.is_meta


def test_logits_of_other_tasks_than_the_target_s_are_out_of_the_question():
    model = same(tasks=())
    model.grow("ab", seed=0)
    model.grow("c", seed=0)
    assert model.tasks == (0, 0, 1)
    inf = torch.inf
    among = model.among_task(torch.ones(3, 3), torch.tensor([0, 2, 1]))
    assert torch.equal(among, torch.tensor([[1, 1, -inf], [-inf, -inf, 1], [1, 1, -inf]]))
    old = model.among_task(torch.ones(1, 2), torch.tensor([1]))  # a parent's logits, fewer than there are classes
    assert torch.equal(old, torch.ones(1, 2))


def test_without_tasks_every_logit_stays():
    logits = torch.ones(2, 3)
    assert same().among_task(logits, torch.tensor([0, 1])) is logits


def test_without_tasks_all_columns_make_one_softmax():
    model = same()
    for names in ("ab", "c"):
        model.grow(names, seed=0)
        assert model.softmaxes == [slice(0, len(model.classes))]


def test_the_columns_of_each_task_make_a_softmax_of_their_own():
    model = Classifier(Same(), Head(48, [4]), "abcd", tasks=(1, 0, 1, 5))
    assert [part.tolist() for part in model.softmaxes] == [[1], [0, 2], [3]]
    model.grow("ef", seed=0)
    assert [part.tolist() for part in model.softmaxes] == [[1], [0, 2], [3], [4, 5]]
    logits = torch.randn(6, 6, generator=generator(0, "logits"))
    among = model.among_task(logits, torch.arange(6)).softmax(dim=1)
    for part in model.softmaxes:
        torch.testing.assert_close(among[part][:, part], logits[part][:, part].softmax(dim=1))


def test_resting_is_in_eval_mode_and_each_module_is_afterwards_as_it_was():
    model = fresh("cnn", (3, 4, 4), seed=0, width=1).train()
    model.backbone.layers[1].eval()
    flags = [module.training for module in model.modules()]
    with pytest.raises(KeyError), resting(model):
        assert not any(module.training for module in model.modules())
        raise KeyError
    assert [module.training for module in model.modules()] == flags and len(set(flags)) == 2


@pytest.mark.parametrize(
    ("sizes", "arguments", "said"),
    [
        ([3], {"classes": "ab"}, "3 outputs but there are 2 class names"),
        ([3], {"classes": "aba"}, "these come twice: a$"),
        ([2], {"classes": "ab", "tasks": (0,)}, "2 classes need a task each, got 1"),
    ],
)
def test_names_that_do_not_fit_the_head_are_refused(sizes, arguments, said):
    with pytest.raises(InputError, match=said):
        Classifier(Same(), Head(4, sizes), **arguments)


def test_networks_have_the_same_weights_bit_for_bit_and_buffer_for_buffer_or_they_do_not():
    one, other = (fresh("cnn", (3, 4, 4), seed=0, width=1).backbone for _ in range(2))
    assert same_weights(one, other)
    assert not same_weights(one, fresh("cnn", (3, 4, 4), seed=1, width=1).backbone)
    assert not same_weights(one, fresh("mlp", (3, 4, 4), seed=0).backbone)
    other.train()(torch.randn(8, 3, 4, 4, generator=generator(1)))
    assert not same_weights(one, other), "the statistics of batch norm are part of what makes the features"
