"""The words of ``onward init``: what a model's inputs are, where it comes from, which part of it is updated."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.cli.terminal import done, refused
from tests.nets import hub_folders

import onward
from onward.rng import generator
from onward.transform import ImageTransform

NETS = """
import torch
from torch import nn


class Pooled(nn.Module):
    def __init__(self, classes, channels=3, then=None):
        super().__init__()
        self.fc, self.conv, self.then = nn.Linear(4, classes), nn.Conv2d(channels, 4, 3), then

    def forward(self, x):
        logits = self.fc(self.conv(x).mean((2, 3)))
        return logits.softmax(1) if self.then == "softmax" else {"hidden": x, "logits": logits}


def build(classes=3, channels=3, name="x", sizes=(), then=None):
    return Pooled(classes, channels, then)


def rows(classes=3):
    return nn.Linear(5, classes)
"""
MODEL = "init prod --classes a,b,c --model pooled_net:build"


@pytest.fixture(autouse=True)
def nets(folder) -> None:
    """A module with the user's networks, in the current folder."""
    Path("pooled_net.py").write_text(NETS)


def spec() -> dict:
    """What the card says of the backbone."""
    return onward.load("prod").model.spec()["backbone"]


def test_arguments_of_a_factory_are_recorded_as_the_card_can_hold_them():
    told = done("init prod --classes a,b --size 8 --model 'pooled_net:build(classes=2, name=\"y (1)\", sizes=(1, 2))'")
    assert spec()["arguments"] == {"classes": 2, "name": "y (1)", "sizes": [1, 2]}
    assert spec()["factory"] == "pooled_net:build" and told.fact("classes") == "2: a, b"


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("--size 12", ImageTransform((12, 12))),
        ("--size 8x12 --fit squash", ImageTransform((8, 12))),
        ("--size 8x12 --fit crop --shorter-side 14", ImageTransform((8, 12), "crop", 14)),
        ("--shape 3,9,7", ImageTransform((9, 7))),
    ],
)
def test_what_images_become_is_recorded_with_the_model_and_found_again(words, wanted):
    done(f"{MODEL} {words} --mean 0.1,0.2,0.3 --std 0.5")
    model = onward.load("prod").model
    assert model.backbone.transform == wanted and model.backbone.shape == wanted.shape
    assert (model.mean, model.std) == ((0.1, 0.2, 0.3), (0.5,))
    assert (spec()["head"], spec()["output"]) == ("fc", "logits"), (
        "the convolution was defined last, fc gives the output"
    )


def test_a_network_of_ours_is_told_how_to_normalise():
    done("init prod --model 'cnn(width=2)' --size 8 --mean 0.1,0.2,0.3 --std 0.5")
    model = onward.load("prod").model
    assert (model.mean, model.std) == ((0.1, 0.2, 0.3), (0.5,))


def test_grey_images_are_tried_as_such():
    done("init prod --classes a,b,c --model 'pooled_net:build(channels=1)' --size 8 --channels 1")
    assert onward.load("prod").model.backbone.transform == ImageTransform((8, 8), channels=1)


def test_a_test_set_shows_what_inputs_look_like():
    rows = np.random.default_rng(0).normal(size=(6, 5)).astype(np.float32)
    np.savez("rows.npz", x=rows, y=np.arange(6) % 3, classes=np.array(["a", "b", "c"]))
    done("init prod --classes a,b,c --model pooled_net:rows --test rows.npz")
    assert onward.load("prod").model.backbone.transform is None
    assert "cannot take inputs of shape (5,)" in refused(
        "init two --classes a,b,c --model pooled_net:build --test rows.npz"
    )


def test_our_networks_take_a_size_as_their_shape():
    done("init prod --model 'cnn(width=2)' --size 12x16")
    backbone = onward.load("prod").model.backbone
    assert backbone.shape == (3, 12, 16) and backbone.transform == ImageTransform((12, 16))
    done("init grey --model 'mlp(width=4)' --size 8 --channels 1")
    assert onward.load("grey").model.backbone.shape == (1, 8, 8)


MISTAKES = [
    ("--model 'pooled_net:build(3)'", "cannot read the arguments in 'pooled_net:build(3)'; write plain values by name"),
    (
        "--model 'pooled_net:build(classes=three)'",
        "write plain values by name, like pooled_net:build(width=3, name='x')",
    ),
    ("--model 'pooled_net:build(classes={1})'", "cannot read the arguments in"),
    ("--model 'pooled_net:build(classes=3'", "cannot read the arguments in"),
    ("--model 'pooled_net:build(width=3)'", "pooled_net:build cannot be called with {'width': 3}"),
    ("--model 'pooled_net:build(then=\"softmax\")' --size 8", "computes its softmax after its linear layer 'fc'"),
    ("--model pooled_net:build --size 8 --shape 3,8,8", "--size and --shape both say what an input looks like"),
    ("--model pooled_net:build --size 8x8x8", "--size wants a number of pixels, or height x width, like 224 or 96x128"),
    ("--model pooled_net:build --size big", "got 'big'"),
    ("--model pooled_net:build --size 0", "--size wants a number of pixels"),
    ("--model pooled_net:build --size 8 --fit stretch", "the images: fit"),
    ("--model pooled_net:build --size 8 --channels 2", "the images: channels"),
    ("--model pooled_net:build --size 8 --fit crop --shorter-side 7", "shorter_side must be >= the larger of size"),
    ("--model pooled_net:build --size 8 --shorter-side 9", "--shorter-side is for --fit crop"),
    ("--model pooled_net:build --fit crop --channels 1", "--fit, --channels says more of --size; give that as well"),
    ("--model pooled_net:build --size 8 --channels 1", "the model cannot take inputs of shape (1, 8, 8)"),
    (
        "--model pooled_net:build --size 8 --mean 0.1,0.2",
        "have 3 channels, but there are 2 numbers of the mean: 0.1, 0.2",
    ),
    (
        "--model pooled_net:build --size 8 --std 0",
        "every std must be > 0 and finite, for inputs are divided by it, got 0.0",
    ),
    ("--model pooled_net:build --length 8", "--length is for the text classifiers of hf:, pooled_net:build is none"),
    (
        "--model pooled_net:build --lora r",
        "--lora wants fields by name, like \"r=8, target_modules=['query', 'value']\"",
    ),
    ("--model pooled_net:build --lora r=2 --adapter .", "--adapter brings an adapter and --lora makes a fresh one"),
    ("--model pooled_net:build --adapter .", "is no adapter's folder: there is no adapter_config.json"),
    ("--model hf:./nowhere", "there is no folder ./nowhere; give one that save_pretrained wrote"),
    ("--model hf:./nowhere --weights pooled_net.py", "hf:./nowhere comes with its own weights"),
]


@pytest.mark.parametrize(("words", "said"), MISTAKES, ids=[words for words, _ in MISTAKES])
def test_words_that_cannot_be_meant_are_told_and_no_lineage_begins(words, said):
    assert said in refused(f"init prod --classes a,b,c {words}")
    assert not Path(".onward").exists()


def test_a_network_of_ours_takes_no_word_for_those_of_others():
    said = refused("init prod --model cnn --size 8 --fit crop --lora r=2 --length 3")
    assert "--fit, --length, --lora is for yours" in said
    assert "give --shape, like 1,28,28, or --size, or a --test set" in refused("init prod --model cnn")


def test_class_names_that_are_not_those_of_the_checkpoint_are_refused_with_both():
    hub_folders.vit(Path("hub"))
    said = refused("init prod --model hf:./hub --classes cat,owl,dog")
    assert "--classes says cat, owl, dog, but hf:./hub itself names its outputs cat, dog, owl" in said
    assert "differ first at output 1" in said
    done("init prod --model hf:./hub --classes ./hub/config.json")
    assert onward.load("prod").classes == hub_folders.ANIMALS


def test_a_checkpoint_may_be_given_another_way_of_making_its_inputs():
    hub_folders.vit(Path("hub"))
    done("init prod --model hf:./hub --size 16 --fit crop --shorter-side 20 --mean 0.5")
    model = onward.load("prod").model
    assert model.backbone.transform == ImageTransform((16, 16), "crop", 20)
    assert (model.mean, model.std) == ((0.5,), (0.2, 0.25, 0.3))


def test_a_text_classifier_is_adapted_by_an_update_on_the_command_line():
    hub_folders.distilbert(Path("hub"))
    lora = "--lora \"r=2, target_modules=['q_lin', 'v_lin']\""
    told = done(f"init prod --model hf:./hub --classes bad,good --length 6 {lora}")
    assert told.fact("classes") == "2: bad, good"
    ids = torch.randint(4, 14, (12, 6), generator=generator(0), dtype=torch.int32)
    np.savez("ids.npz", x=ids.numpy(), y=np.arange(12) % 2, classes=np.array(["bad", "good"]))
    before = onward.load("prod")
    after, _ = onward.update(
        before, onward.Examples(ids, torch.arange(12) % 2, ("bad", "good")), onward.Settings(epochs=1)
    )
    moved = {
        name
        for (name, was), now in zip(before.model.named_parameters(), after.model.parameters(), strict=True)
        if not torch.equal(was, now)
    }
    assert moved and all("lora_" in name or name.startswith("head.") for name in moved)
    assert json.loads(json.dumps(spec()["adapter"]))["target_modules"] == ["q_lin", "v_lin"]
