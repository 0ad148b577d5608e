"""A model of the user's own: a factory, trained weights, class names."""

from __future__ import annotations

import copy
import os
import pickle
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from tests.cli.terminal import done, refused
from torch import Tensor, nn

import onward
from onward.rng import isolated
from onward.types import Examples

FACTORY = """
from torch import nn


def build():
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 24), nn.ReLU(), nn.Linear(24, 3))


def fails():
    raise OSError("no such luck")


def wrong():
    return "a network"
"""
INIT = "init prod --model own_net:build"


def built() -> nn.Sequential:
    """What the factory builds."""
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 24), nn.ReLU(), nn.Linear(24, 3))


def normal(examples: Examples) -> Tensor:
    """Inputs as the user's own training had them."""
    return (examples.inputs.float() / 255 - 0.3) / 0.4


@pytest.fixture(scope="module")
def trained() -> nn.Sequential:
    """The user's model, trained by the user's own loop."""
    data = onward.read("digits:train@classes=0,1,2")
    with isolated(0, "own"):
        model = built()
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(40):
        optimiser.zero_grad()
        nn.functional.cross_entropy(model(normal(data)), data.targets).backward()
        optimiser.step()
    return model


@pytest.fixture
def brought(folder, trained) -> Path:
    """A folder with everything that a user brings."""
    Path("own_net.py").write_text(FACTORY)
    Path("names.txt").write_text("0\n1\n2\n")
    safetensors.torch.save_file(trained.state_dict(), "own.safetensors")
    torch.save(trained.state_dict(), "own.pt")
    torch.save({"epoch": 3, "model_state_dict": trained.state_dict()}, "checkpoint.pt")
    return folder


@pytest.mark.usefixtures("brought")
@pytest.mark.parametrize("weights", ["own.safetensors", "own.pt", "checkpoint.pt"])
@pytest.mark.parametrize("names", ["names.txt", "0,1,2"])
def test_a_model_that_is_brought_computes_what_it_computed(weights, names, trained):
    told = done(f"{INIT} --weights {weights} --classes {names} --mean 0.3 --std 0.4 --test digits:test@classes=0,1,2")
    assert told.fact("made").endswith("by init") and told.fact("network") == "own_net:build, head '3'"
    test = onward.read("digits:test@classes=0,1,2")
    own = float((trained(normal(test)).argmax(dim=1) == test.targets).double().mean())
    assert done("evaluate prod digits:test@classes=0,1,2 --json").json["accuracy"] == own
    assert done("show prod --json").json["measures"][0]["accuracy"] == own
    assert own > 0.9
    with torch.no_grad():
        assert torch.equal(onward.load("prod").predict(test.inputs).logits, trained(normal(test)))


@pytest.mark.usefixtures("brought")
def test_a_new_class_comes_to_a_model_that_was_brought():
    done(f"{INIT} --weights own.pt --classes names.txt --mean 0.3 --std 0.4 --test digits:test@classes=0,1,2")
    Path(".onward/lineage.toml").write_text("[gate]\nmargin = 1.0\nnegative_flips = 1.0\n")
    told = done(
        "update prod --data digits:train@classes=1,2,3@rows=0:300 --test digits:test@classes=3 --method lwf --epochs 8"
    )
    assert "1 new class (3) · 2 of 3 old classes present" in told.fact("preflight")
    assert "against training from scratch: unknown" in told.out
    by_class = done("evaluate prod digits:test@classes=0,1,2,3,4 --json").json["by_class"]
    assert by_class["3"]["accuracy"] > 0.8 and by_class["4"]["accuracy"] is None


@pytest.mark.usefixtures("brought")
def test_growing_leaves_the_old_logits_of_a_model_that_was_brought_bit_equal():
    done(f"{INIT} --weights own.pt --classes names.txt")
    parent, test = onward.load("prod"), onward.read("digits:test")
    grown = copy.deepcopy(parent.model)
    grown.grow(("3", "4"), seed=5)
    with torch.no_grad():
        assert torch.equal(grown(test.inputs)[:, :3], parent.model(test.inputs))
    child, _ = onward.update(parent, onward.read("digits:train@classes=3,4"), onward.Settings(steps=0))
    assert child.classes == ("0", "1", "2", "3", "4")
    assert torch.equal(child.predict(test.inputs).logits[:, :3], parent.predict(test.inputs).logits)


@pytest.mark.usefixtures("brought")
def test_a_model_without_names_learns_its_classes_by_updates():
    assert done(INIT).fact("classes") == "none yet"
    done("update prod --data digits:train@classes=7,8@rows=0:50 --epochs 1")
    assert onward.load("prod").classes == ("7", "8")


MISTAKES = [
    ("--weights own.pt", "trained weights need the names of their 3 classes"),
    ("--weights own.pt --classes 0,1", "own_net:build has 3 outputs ('3') but there are 2 class names"),
    ("--weights own.pt --classes 0,1,1", "these come twice: 1"),
    ("--weights own.pt --classes nowhere.txt", "there is no file nowhere.txt"),
    ("--weights own.pt --classes .", ". is a folder; give a file with the class names"),
    ("--weights own.pt --classes own.pt", "own.pt holds no class names"),
    ("--weights nowhere.pt --classes 0,1,2", "there is no file nowhere.pt"),
    ("--weights cut.safetensors --classes 0,1,2", "cut.safetensors is not a whole safetensors file"),
    ("--weights cut.pt --classes 0,1,2", "cut.pt holds more than tensors, or is damaged"),
    ("--weights other.pt --classes 0,1,2", "the weights do not fit the network; 1 missing"),
    ("--weights wide.pt --classes 0,1,2", "1 of another shape"),
    ("--classes 0,1,2 --head-layer 9", "unknown layer of own_net:build '9'"),
    ("--classes 0,1,2 --head-layer 2", "is a ReLU, not a linear layer"),
    ("--classes 0,1,2 --mean dark", "--mean wants numbers with commas between, got 'dark'"),
    ("--classes 0,1,2 --shape 1,9,9", "the model cannot take inputs of shape (1, 9, 9)"),
    ("--classes 0,1,2 --test seven.npz", "the model cannot take inputs of shape (1, 7, 7)"),
    ("--model own_net:biuld", "unknown name in own_net 'biuld'. Did you mean 'build'?"),
    ("--model own_nt:build", "there is no module 'own_nt'"),
    ("--model own_net:fails", "own_net:fails failed with OSError: no such luck"),
    ("--model own_net:wrong", "returned a str; it must return a torch.nn.Module"),
    ("--model broken_net:build", "the module broken_net failed with SyntaxError"),
]


@pytest.mark.usefixtures("brought")
@pytest.mark.parametrize(("words", "said"), MISTAKES, ids=[words for words, _ in MISTAKES])
def test_parts_that_do_not_fit_are_named_and_no_lineage_begins(words, said, trained):
    state: Mapping[str, Tensor] = trained.state_dict()
    Path("broken_net.py").write_text("def build(:\n")
    Path("cut.safetensors").write_bytes(Path("own.safetensors").read_bytes()[:-40])
    Path("cut.pt").write_bytes(Path("own.pt").read_bytes()[:-400])
    torch.save({name: tensor for name, tensor in state.items() if name != "1.bias"}, "other.pt")
    torch.save({**state, "1.bias": torch.zeros(25)}, "wide.pt")
    np.savez("seven.npz", x=np.zeros((3, 1, 7, 7), np.float32), y=np.arange(3))
    assert said in refused(words.replace("--model", "init prod --model") if "--model" in words else f"{INIT} {words}")
    assert not Path(".onward").exists()


class Trap:
    """What runs a command when it is unpickled."""

    def __reduce__(self):
        return os.mkdir, ("sprung",)


@pytest.mark.usefixtures("brought")
@pytest.mark.parametrize("kind", ["a pickle", "a pickle among tensors", "a whole model"])
def test_a_pickle_is_refused_and_does_not_run(kind, trained):
    if kind == "a pickle":
        Path("trap.pt").write_bytes(pickle.dumps(Trap()))
    else:
        torch.save(trained if kind == "a whole model" else {"1.bias": Trap()}, "trap.pt")
    said = refused(f"{INIT} --weights trap.pt --classes 0,1,2")
    assert "trap.pt holds more than tensors" in said and "torch.save(model.state_dict(), ...)" in said
    assert not Path("sprung").exists()
