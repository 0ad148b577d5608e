"""A network from elsewhere in the file of an experiment."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import save_file
from tests.experiment.story import written

from onward.errors import InputError
from onward.experiment.cell import ground, run
from onward.experiment.toml_file import read
from onward.nets.cifar_resnet import CifarResNet
from onward.rng import isolated

MODEL = {
    "net": "imported",
    "factory": "onward.nets.cifar_resnet:CifarResNet",
    "arguments": {"depth": 8, "classes": 2, "width": 2},
    "weights": "weights/small.safetensors",
    "mean": [0.5, 0.5, 0.5],
    "std": [0.5, 0.5, 0.5],
}
FORM = "@rows=0:40@size=8@channels=3"
PARTS = [
    {"name": name, "train": f"digits:train@classes={classes}{FORM}", "test": f"digits:test@classes={classes}{FORM}"}
    for name, classes in (("first", "0,1"), ("second", "2,3"))
]
CHANGES = {
    "stream": {"parts": PARTS},
    "model": MODEL,
    "starts": {"given": {"method": "warm_start", "epochs": 0}},
    "methods": {"grown": {"method": "expanse", "start": "given"}},
    "settings": {"epochs": 1, "batch_size": 20},
    "seeds": 1,
}


def weights(folder, seed: int = 0) -> CifarResNet:
    """A network whose weights lie where the file says."""
    with isolated(seed, "backbone"):
        network = CifarResNet(depth=8, classes=2, width=2)
    (folder / "weights").mkdir(exist_ok=True)
    save_file(network.state_dict(), folder / "weights/small.safetensors")
    return network.eval()


def test_a_checkpoint_is_what_an_experiment_begins_with(tmp_path):
    network = weights(tmp_path, seed=7)
    (cell,) = read(written(tmp_path, **CHANGES), tmp_path).cells
    learner, stream = ground(cell)
    assert learner.classes == ("0", "1") and [each.name for each in stream] == ["first", "second"]
    inputs = stream[0].test.take(torch.arange(5)).inputs
    assert torch.equal(learner.model(inputs), network((inputs.float() / 255 - 0.5) / 0.5))
    outcome = run(cell).outcome
    assert outcome is not None
    assert outcome.costs[0].steps == 0 and outcome.costs[1].steps > 0  # the source is given, the target learned
    assert outcome.within[1][0] == outcome.within[0][0] == outcome.accuracy[0][0]
    assert outcome.parameters[1] > outcome.parameters[0] == sum(each.numel() for each in network.parameters())


def test_other_weights_make_another_run_and_missing_ones_are_told(tmp_path):
    keys = []
    for seed in (1, 2):
        weights(tmp_path, seed)
        keys.append(read(written(tmp_path, **CHANGES), tmp_path).cells[0].key)
    assert keys[0] != keys[1]
    cell = read(written(tmp_path, **CHANGES), tmp_path).cells[0]
    weights(tmp_path, seed=3)
    assert "is not the file that is meant" in run(cell).failure
    (tmp_path / "weights/small.safetensors").unlink()
    with pytest.raises(InputError, match=r"there are no weights at .*small.safetensors\. They are looked for"):
        read(written(tmp_path, **CHANGES), tmp_path)


def test_without_weights_all_are_drawn_and_no_class_is_known(tmp_path):
    changes = {**CHANGES, "model": {**MODEL, "weights": ""}}
    one, other = (ground(read(written(tmp_path, **{**changes, "seeds": [seed]})).cells[0])[0] for seed in (0, 1))
    assert one.classes == ()
    assert not torch.equal(one.model.backbone.network.conv1.weight, other.model.backbone.network.conv1.weight)


def test_a_wrong_word_beside_it_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"unknown argument of imported 'weight'\. Did you mean 'weights'"):
        read(written(tmp_path, **{**CHANGES, "model": {**MODEL, "weight": "x"}}), tmp_path)
