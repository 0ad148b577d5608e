"""The inputs on which an export is checked."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.export.worlds import FACTORY

from onward.datasets.source import read
from onward.errors import InputError
from onward.export.probe import Probe, probed
from onward.nets.adopt import adopted
from onward.nets.backbone import Backbone
from onward.nets.classifier import Classifier
from onward.nets.head import Head
from onward.nets.zoo import fresh
from onward.transform import ImageTransform, TextTransform

MLP = fresh("mlp", (1, 8, 8), 0, width=4)


def test_inputs_come_from_the_first_test_set_that_can_be_read():
    tests = ("moved/away.npz", "digits:nowhere", "digits:test@rows=0:7", "digits:test")
    found = probed(Probe(), tests, MLP)
    assert found.source == tests[2]
    assert torch.equal(found.inputs, read(tests[2]).inputs)


def test_inputs_come_from_all_over_a_sorted_test_set():
    test = read("digits:test")
    found = probed(Probe(), ["digits:test"], MLP)
    assert torch.equal(found.inputs, test.inputs[[k * len(test) // 64 for k in range(64)]])


def test_a_source_that_is_named_is_used_or_refused(tmp_path):
    assert probed(Probe("digits:train@rows=0:3"), ["digits:test"], MLP).source == "digits:train@rows=0:3"
    np.savez(tmp_path / "wide.npz", x=np.zeros((4, 9), np.uint8), y=np.array(["a"] * 4))
    for source, told in {"digts:test": "unknown data set", str(tmp_path / "wide.npz"): "inputs of shape"}.items():
        with pytest.raises(InputError, match=told):
            probed(Probe(source), ["digits:test"], MLP)


def test_made_up_images_are_bytes_and_the_same_each_time():
    first, second = (probed(Probe(), (), MLP) for _ in range(2))
    assert first.source == "" and first.inputs.shape == (64, 1, 8, 8) and first.inputs.dtype == torch.uint8
    assert first.inputs.max() > 250 and torch.equal(first.inputs, second.inputs)


def test_made_up_vectors_are_floats():
    inputs = probed(Probe(), (), fresh("mlp", (3,), 0)).inputs
    assert inputs.shape == (64, 3) and inputs.dtype == torch.float32 and inputs.min() < 0


def test_a_network_that_does_not_state_its_inputs_needs_examples():
    model = adopted(FACTORY, "abc", arguments={"classes": 3})
    with pytest.raises(InputError, match="--inputs SOURCE"):
        probed(Probe(), (), model)
    model = adopted(FACTORY, "abc", arguments={"classes": 3}, transform=ImageTransform((6, 5)))
    assert probed(Probe(), (), model).inputs.shape == (64, 3, 6, 5)


def test_token_ids_are_not_made_up():
    """A network does not state how many words it knows."""
    with pytest.raises(InputError, match="--inputs SOURCE"):
        probed(Probe(), (), Classifier(Words(), Head(1)))


class Words(Backbone):
    """Takes texts of twelve tokens."""

    shape, transform = (12,), TextTransform("{}", 12)
