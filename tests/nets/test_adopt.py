"""A user's network, taken over, says what it said."""

from __future__ import annotations

import importlib
import json
import sys
import textwrap
from collections import OrderedDict

import pytest
import torch

import onward
from onward.errors import InputError
from onward.nets.adopt import adopted
from onward.nets.imported import found
from onward.nets.zoo import build
from onward.rng import generator
from onward.store.card import Card
from onward.transform import ImageTransform

MODULE = """
    import torch
    from torch import nn
    from torch.nn import functional as F

    class Net(nn.Module):
        def __init__(self, width=6, classes=3, bias=True):
            super().__init__()
            self.first = nn.Sequential(nn.Conv2d(1, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU())
            self.neck = nn.Linear(width, width)
            self.out = nn.ModuleDict({"fc": nn.Linear(width, classes, bias=bias)})

        def forward(self, x):
            x = F.relu(self.neck(self.first(x).mean((2, 3))))
            return self.out["fc"](x)

    def make(width=6, classes=3, bias=True):
        return Net(width, classes, bias)

    def logistic():
        return nn.Linear(4, 3)

    class After(nn.Module):
        def __init__(self, deed):
            super().__init__()
            self.head, self.deed = nn.Linear(4, 3), deed

        def forward(self, x):
            logits = self.head(x)
            deeds = {"softmax": logits.softmax(1), "log_softmax": logits.log_softmax(1), "sigmoid": logits.sigmoid()}
            return deeds[self.deed] if self.deed in deeds else 2 * logits

    def after(deed):
        return After(deed)

    def in_a_dict():
        return InADict()

    class InADict(nn.Module):
        def __init__(self):
            super().__init__()
            self.head, self.neck = nn.Linear(4, 3), nn.Linear(5, 4)

        def forward(self, x):
            hidden = self.neck(x)
            return {"hidden": hidden, "scores": self.head(hidden)}

    def convolutional():
        return nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten())

    def a_number():
        return 3
"""
INPUTS = torch.rand(5, 4, generator=generator(2))
IMAGES = torch.rand(5, 1, 6, 6, generator=generator(0))


@pytest.fixture(autouse=True)
def theirs(tmp_path, monkeypatch):
    """The user's own module, which they can import."""
    (tmp_path / "their_nets.py").write_text(textwrap.dedent(MODULE))
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("their_nets")
    del sys.modules["their_nets"]


def trained(network: torch.nn.Module, seed: int = 7) -> torch.nn.Module:
    """The network with weights and statistics that no factory would give it."""
    draws = generator(seed)
    for tensor in network.state_dict().values():
        if tensor.is_floating_point():
            tensor.copy_(torch.rand(tensor.shape, generator=draws) + 0.1)
    return network.eval()


@pytest.mark.parametrize("bias", [True, False])
def test_a_user_s_network_says_what_it_said(theirs, bias):
    original = trained(theirs.make(width=4, bias=bias))
    arguments = {"width": 4, "bias": bias}
    model = adopted("their_nets:make", "abc", original.state_dict(), arguments=arguments)
    torch.testing.assert_close(model(IMAGES), original(IMAGES), rtol=0, atol=0)
    assert model.classes == ("a", "b", "c") and not model.training
    assert model.backbone.head_name == "out.fc" and model.backbone.features == 4


def test_without_weights_the_factory_s_own_stay(theirs):
    before = torch.get_rng_state()
    model = adopted("their_nets:make", "abc", seed=3)
    again, other = adopted("their_nets:make", "abc", seed=3), adopted("their_nets:make", "abc", seed=4)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(model(IMAGES), again(IMAGES)) and not torch.equal(model(IMAGES), other(IMAGES))
    weight = model.head.blocks[0].weight
    assert torch.equal(weight, model.backbone.head_weights["weight"])


def test_an_adopted_network_is_built_again_from_json_and_grows(theirs):
    original = trained(theirs.make())
    model = adopted("their_nets:make", "abc", original.state_dict(), mean=[0.5], std=[0.25])
    model.grow(["d"], seed=0)
    built = build(json.loads(json.dumps(model.spec())), seed=5).eval()
    built.load_state_dict(model.state_dict())
    assert torch.equal(built(IMAGES), model(IMAGES)) and built.classes == ("a", "b", "c", "d")
    torch.testing.assert_close(model(IMAGES)[:, :3], original((IMAGES - 0.5) / 0.25))


def test_another_layer_can_be_the_head(theirs):
    model = adopted("their_nets:make", "abcdef", head="neck")
    assert model.backbone.head_name == "neck" and model.head.out_features == 6


def test_a_network_that_is_one_linear_layer_is_all_head(theirs):
    original = trained(theirs.logistic())
    model = adopted("their_nets:logistic", "abc", original.state_dict())
    inputs = torch.rand(2, 4, generator=generator(1))
    assert torch.equal(model(inputs), original(inputs))
    assert list(dict(model.named_parameters())) == ["head.blocks.0.weight", "head.blocks.0.bias"]


def test_a_network_may_come_without_classes():
    model = adopted("their_nets:make", ())
    assert model.classes == () and model.head.out_features == 0
    model.grow("xy", seed=0)
    assert model(IMAGES).shape == (5, 2)


def test_keys_that_do_not_fit_are_named(theirs):
    weights = OrderedDict(theirs.make().state_dict())
    weights["first.0.weight"] = torch.zeros(2, 1, 3, 3)
    del weights["neck.bias"], weights["out.fc.bias"]
    weights["neck.scale"] = torch.zeros(1)
    with pytest.raises(InputError) as refused:
        adopted("their_nets:make", "abc", weights)
    message = str(refused.value)
    assert "2 missing: neck.bias, out.fc.bias" in message
    assert "1 unknown: neck.scale" in message
    assert "1 of another shape: first.0.weight is (2, 1, 3, 3), wanted (6, 1, 3, 3)" in message


@pytest.mark.parametrize(
    ("factory", "arguments", "said"),
    [
        ("their_nets:make", {"classes": "ab"}, r"has 3 outputs \('out.fc'\) but there are 2 class names"),
        ("their_nets:mak", {}, "unknown name in their_nets 'mak'. Did you mean 'make'"),
        ("their_net:make", {}, "there is no module 'their_net'"),
        ("their_nets.make", {}, "has the form package.module:function, got 'their_nets.make'"),
        (":make", {}, "has the form package.module:function, got ':make'"),
        ("their_nets:convolutional", {}, "no linear layer to be its head; .* Conv2d, Flatten, Sequential"),
        ("their_nets:a_number", {}, "returned a int; it must return a torch.nn.Module"),
        ("their_nets:make", {"head": "first.0"}, "'first.0' of their_nets:make is a Conv2d, not a linear layer"),
        ("their_nets:make", {"head": "nek"}, "unknown layer of their_nets:make 'nek'. Did you mean 'neck'"),
        ("their_nets:make", {"arguments": {"widht": 3}}, r"cannot be called with \{'widht': 3\}: .*widht"),
    ],
)
def test_what_cannot_be_taken_over_is_told_with_the_way_out(factory, arguments, said):
    with pytest.raises(InputError, match=said):
        adopted(factory, **{"classes": "abc", **arguments})


def test_trained_weights_come_with_the_names_of_their_classes(theirs):
    with pytest.raises(InputError, match="need the names of their 3 classes, one for each output"):
        adopted("their_nets:make", (), theirs.make().state_dict())


def test_with_an_example_the_head_is_the_layer_that_gives_the_output(theirs):
    original = trained(theirs.in_a_dict())
    inputs = torch.rand(2, 5, generator=generator(1))
    model = adopted("their_nets:in_a_dict", "abc", original.state_dict(), example=inputs)
    assert (model.backbone.head_name, model.backbone.output) == ("head", "scores")
    assert torch.equal(model(inputs), original(inputs)["scores"])
    built = build(json.loads(json.dumps(model.spec()))).eval()
    built.load_state_dict(model.state_dict())
    assert torch.equal(built(inputs), model(inputs))


@pytest.mark.parametrize(
    ("deed", "said"),
    [
        ("softmax", "computes its softmax after its linear layer 'head'"),
        ("log_softmax", "computes its log_softmax after"),
        ("sigmoid", "computes its sigmoid after"),
        ("twice", "does something more after its linear layer 'head'.* let it return the logits"),
    ],
)
@pytest.mark.parametrize("classes", ["abc", ""])
def test_a_network_that_does_more_after_its_head_is_refused(deed, said, classes):
    example = torch.rand(2, 4, generator=generator(1))
    with pytest.raises(InputError, match=said):
        adopted("their_nets:after", classes, arguments={"deed": deed}, example=example)


@pytest.mark.parametrize("classes", ["abcdef", ""])
def test_a_layer_inside_that_is_named_is_not_the_head(classes):
    with pytest.raises(
        InputError, match=r"'neck' is not the head of .*: without it there come 3 features, and it takes 6"
    ):
        adopted("their_nets:make", classes, head="neck", example=IMAGES)


def test_images_of_a_stated_size_are_recorded_with_the_model_and_tried(theirs):
    images = ImageTransform((6, 6), fit="crop", shorter_side=8, channels=1)
    model = adopted("their_nets:make", "abc", transform=images, mean=[0.5], std=[0.5])
    assert model.backbone.head_name == "out.fc" and model.backbone.shape == (1, 6, 6)
    built = build(json.loads(json.dumps(model.spec())))
    assert built.backbone.transform == model.backbone.transform == images
    with pytest.raises(InputError, match=r"cannot take inputs of shape \(3, 6, 6\)"):
        adopted("their_nets:make", "abc", transform=ImageTransform((6, 6)))


def test_a_network_at_hand_is_updated_judged_and_left_as_it_was(theirs):
    original = trained(theirs.logistic())
    before = {name: tensor.clone() for name, tensor in original.state_dict().items()}
    learner = onward.Learner(adopted(original, "abc"))
    inputs = torch.rand(60, 4, generator=generator(1))
    data = onward.Examples(inputs, inputs[:, :3].argmax(dim=1), ("a", "b", "c"))
    assert torch.equal(learner.predict(inputs).logits, original(inputs).detach())
    after, _ = onward.update(learner, data, onward.Settings(epochs=20, lr=0.3))
    assert onward.judge(after, data).accuracy > 0.9 > onward.judge(learner, data).accuracy
    assert all(torch.equal(before[name], tensor) for name, tensor in original.state_dict().items())


def test_a_network_at_hand_cannot_be_saved_and_the_way_out_is_told(theirs, tmp_path):
    learner = onward.Learner(adopted(trained(theirs.logistic()), "abc"))
    lineage = onward.Lineage.create(tmp_path / "lineage")
    with pytest.raises(InputError, match=r"cannot be made again from a file; .* adopted\('package.module:function'"):
        lineage.save(learner, Card(net={}))
    assert lineage.ids() == []


def test_a_network_in_double_precision_stays_so(theirs):
    original = trained(theirs.logistic().double())
    model = adopted(original, "abc", example=torch.rand(2, 4, generator=generator(1), dtype=torch.float64))
    assert model.dtype == torch.float64
    assert torch.equal(model(INPUTS.double()), original(INPUTS.double()))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"std": [0.5, 0.0]}, "every std must be > 0 and finite, for inputs are divided by it, got 0.5, 0.0"),
        ({"std": [-1.0]}, "every std must be > 0"),
        ({"std": [float("nan")]}, "every std must be > 0"),
        ({"mean": [float("inf")]}, "every mean must be finite, got inf"),
        ({"mean": [0.1, 0.2, 0.3]}, r"shape \(1, 6, 6\) have 1 channel, but there are 3 numbers of the mean"),
        ({"std": [0.1, 0.2]}, r"have 1 channel, but there are 2 numbers of the std: 0.1, 0.2"),
        ({"mean": [0.1], "example": torch.zeros(2, 4, dtype=torch.int32)}, "inputs of torch.int32, .* not scaled"),
    ],
)
def test_a_scale_that_inputs_cannot_have_is_refused(given, said):
    with pytest.raises(InputError, match=said):
        adopted("their_nets:make", "abc", **{"example": IMAGES, **given})


def test_bytes_are_tried_as_the_classifier_takes_them(theirs):
    original, images = trained(theirs.make()), (255 * IMAGES).to(torch.uint8)
    model = adopted("their_nets:make", "abc", original.state_dict(), mean=[0.5], std=[0.25], example=images)
    assert torch.equal(model(images), original((images.float() / 255 - 0.5) / 0.25))


def test_the_current_folder_is_looked_in_and_the_path_left_as_it_was(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "a_local_net.py").write_text("value = 5")
    monkeypatch.chdir(tmp_path / "here")
    before = list(sys.path)
    assert found("a_local_net:value") == 5
    assert sys.path == before
    del sys.modules["a_local_net"]
