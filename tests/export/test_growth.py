"""An expanded network served whole, and as what it was before it grew."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import safetensors.torch
import torch
from tests.export.test_exported import PROGRAMS, says
from tests.export.worlds import FAST, expanded, saved_after

from onward.datasets.source import read
from onward.engine.update import update
from onward.errors import InputError
from onward.export import growth
from onward.export.exported import exported
from onward.export.served import Contents, served
from onward.learner import Learner
from onward.methods.warm_start import WarmStart
from onward.nets.zoo import build
from onward.store.lineage import Lineage

SOURCE = Contents("source")
INPUTS = read("digits:test@rows=40:57").inputs  # other than those that an export is checked on, and not as many


@pytest.fixture(scope="module")
def perceptron(tmp_path_factory) -> Lineage:
    return expanded(tmp_path_factory.mktemp("perceptron"), "expanse", width=12)


@pytest.fixture(scope="module")
def convolutions(tmp_path_factory) -> Lineage:
    """With batch norm, and a memory of the source."""
    return expanded(tmp_path_factory.mktemp("convolutions"), "expanse(size=20)", "cnn", width=2)


@pytest.fixture(scope="module")
def residual(tmp_path_factory) -> Lineage:
    """With sums of branches."""
    return expanded(tmp_path_factory.mktemp("residual"), "expanse", "resnet18", width=2)


def as_close(lineage: Lineage, reference: str, format: str, folder, contents: Contents) -> None:
    """Hold a program on inputs of its own against a version."""
    done = exported(lineage, "prod", folder, format, contents)
    assert (done.part, done.version) == (contents.part, lineage.resolve("prod"))
    wanted = lineage.load(reference).predict(INPUTS).logits
    torch.testing.assert_close(says(done.path, format, INPUTS), wanted, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("part", "reference"), [("full", "prod"), ("source", "prod~1")])
@pytest.mark.parametrize("format", PROGRAMS)
def test_a_program_of_either_part_says_what_that_version_says(perceptron, format, part, reference, tmp_path):
    as_close(perceptron, reference, format, tmp_path / "served", Contents(part))


@pytest.mark.parametrize("net", ["convolutions", pytest.param("residual", marks=pytest.mark.slow)])
def test_runtimes_of_onnx_run_expanded_convolutions_and_norms(net, request, tmp_path):
    as_close(request.getfixturevalue(net), "prod", "onnx", tmp_path / "served", Contents())


def test_the_tensors_of_a_source_are_those_of_the_version_before_bit_for_bit(convolutions, tmp_path):
    done = exported(convolutions, "prod", tmp_path / "served", "safetensors", SOURCE)
    tensors, before = safetensors.torch.load_file(done.path / "model.safetensors"), convolutions.load("prod~1").model
    assert tensors.keys() == before.state_dict().keys()
    model = build(json.loads((done.path / "config.json").read_text())["spec"])
    model.load_state_dict(tensors)
    assert torch.equal(model.eval()(INPUTS), before(INPUTS)) and done.parity.largest_difference == 0


def test_two_expansions_later_the_source_is_what_was_before_the_last(tmp_path):
    lineage = expanded(tmp_path / "lineage", "expanse", width=12)
    third, _ = update(lineage.load("prod"), read("digits:train@classes=5,6@rows=0:64"), FAST, seed=0)
    saved_after(lineage, third, lineage.resolve("prod"))
    done = exported(lineage, "prod", tmp_path / "served", "onnx", SOURCE)
    assert json.loads((done.path / "config.json").read_text())["classes"] == list("01234")
    assert done.growth.version == lineage.resolve("prod~1")
    torch.testing.assert_close(
        says(done.path, "onnx", INPUTS), lineage.load("prod~1").predict(INPUTS).logits, rtol=1e-4, atol=1e-4
    )


def test_what_growth_costs_is_in_the_config_and_the_card(perceptron, tmp_path, monkeypatch):
    monkeypatch.setattr(growth, "medians", lambda pair, inputs: [0.001 * len(inputs), 0.0025])
    done = exported(perceptron, "prod", tmp_path / "served", "safetensors")
    # Before: 64 to 12 to 12 to 3. Beside it 6 units a layer: 64 to 6; 12 and 6 to 6; rows of two classes at 18
    # features, and a correction for the class that came again.
    before = 64 * 12 + 12 + 12 * 12 + 12 + 12 * 3 + 3
    after = before + 64 * 6 + 6 + (12 + 6) * 6 + 6 + (18 + 1) * (2 + 1)
    told = json.loads((done.path / "config.json").read_text())
    assert told["part"] == "full" and told["growth"] == {
        "version": perceptron.resolve("prod~1"),
        "source": {"parameters": before, "bytes": 4 * before, "milliseconds": 1.0},
        "full": {"parameters": after, "bytes": 4 * after, "milliseconds": 2.5},
    }
    card = (done.path / "README.md").read_text()
    assert "A classifier of 5 classes: `mlp, expanded`, for inputs of shape (1, 8, 8)." in card
    assert card.endswith(
        f"| version {perceptron.resolve('prod~1')[:8]}, before it grew | {before:,} | {4 * before:,} | 1 |\n"
        f"| after it grew | {after:,} | {4 * after:,} | 2.5 |\n"
    )


def test_the_card_of_a_source_is_that_of_the_version_that_says_the_same(perceptron, tmp_path):
    done = exported(perceptron, "prod", tmp_path / "served", "safetensors", SOURCE)
    before = (perceptron.version("prod~1").path / "README.md").read_text()
    assert (done.path / "README.md").read_text().startswith(f"{before}\n## Growth\n")
    told = json.loads((done.path / "config.json").read_text())
    assert (told["part"], told["classes"], told["version"]) == ("source", ["0", "1", "2"], perceptron.resolve("prod"))


def test_both_networks_are_timed_on_one_input(perceptron):
    found = served(perceptron, perceptron.version("prod")).growth
    assert found.source.milliseconds > 0 and found.full.milliseconds > 0


@pytest.mark.parametrize("net", ["mlp", "cnn", pytest.param("resnet18", marks=pytest.mark.slow)])
def test_what_grew_by_copies_is_served_whole_and_has_no_source(net, tmp_path):
    lineage = expanded(tmp_path / "lineage", "net2net(layers=1)", net, width=2)
    as_close(lineage, "prod", "onnx", tmp_path / "served", Contents())
    assert f"`{net}, enlarged`, for inputs" in (tmp_path / "served" / "README.md").read_text()
    with pytest.raises(InputError, match="only a network that has grown has a source within it"):
        exported(lineage, "prod", tmp_path / "source", "onnx", SOURCE)


def test_a_network_that_never_grew_has_no_growth_and_no_source(perceptron, tmp_path):
    done = exported(perceptron, "prod~1", tmp_path / "served", "safetensors")
    assert done.growth is None and json.loads((done.path / "config.json").read_text())["growth"] is None
    assert "Growth" not in (done.path / "README.md").read_text()
    with pytest.raises(InputError, match="only a network that has grown has a source within it; this one never did"):
        exported(perceptron, "prod~1", tmp_path / "source", "safetensors", SOURCE)


@pytest.mark.parametrize(
    ("method", "told"),
    [
        ("expanse(mode='authors')", "what is new in this network goes into the old, .*: no source"),
        ("expanse(mode='unfreeze')", r"its source says something else than version \w{8} said\. Export that version"),
    ],
)
def test_a_source_that_is_no_longer_what_it_was_is_refused_and_the_whole_is_not(method, told, tmp_path):
    lineage = expanded(tmp_path / "lineage", method, width=12)
    with pytest.raises(InputError, match=told):
        exported(lineage, "prod", tmp_path / "served", "onnx", SOURCE)
    assert exported(lineage, "prod", tmp_path / "served", "onnx").growth.version == lineage.resolve("prod~1")


def test_an_update_that_trains_all_ends_the_source(tmp_path):
    lineage = expanded(tmp_path / "lineage", "expanse", width=12)
    learner = replace(lineage.load("prod"), method=WarmStart())
    after, _ = update(learner, read("digits:train@rows=0:64@classes=0,1"), FAST, seed=0)
    saved_after(lineage, after, lineage.resolve("prod"))
    with pytest.raises(InputError, match="was trained since"):
        exported(lineage, "prod", tmp_path / "served", "onnx", SOURCE)


def test_a_source_that_nothing_shows_to_be_one_is_refused(perceptron, tmp_path):
    lineage = Lineage.create(tmp_path / "lineage")
    saved_after(lineage, Learner(perceptron.load("prod").model), None)
    with pytest.raises(InputError, match="no version before this one has the network that it was"):
        exported(lineage, "prod", tmp_path / "served", "onnx", SOURCE)


def test_an_unknown_part_is_refused_with_the_nearest():
    with pytest.raises(InputError, match=r"unknown part 'sorce'\. Did you mean 'source'\?"):
        growth.part_named("sorce")
