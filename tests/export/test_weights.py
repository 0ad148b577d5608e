"""The tensors of a network that was brought, under the names it has for them itself."""

from __future__ import annotations

import json

import numpy as np
import pytest
import safetensors.torch
import torch
from tests.export.worlds import FACTORY, MEAN, STD, coloured, merged, saved
from tests.nets import torchvision_operators
from tests.nets.resnet_cifar import resnet20
from torch import Tensor, nn

from onward.errors import InputError, StoreError
from onward.export.exported import exported, write
from onward.export.formats import FORMATS, OWN_NAMES
from onward.export.parity import verified
from onward.export.probe import Probe
from onward.export.served import Contents, served
from onward.export.weights import own_state
from onward.learner import Learner
from onward.nets.adapters import fresh_lora
from onward.nets.adopt import adopted
from onward.schema import checked
from onward.transform import ImageTransform


def normal(inputs: Tensor) -> Tensor:
    """Inputs as the user's own code has them."""
    return (inputs.float() / 255 - MEAN[0]) / STD[0]


def test_a_network_that_was_brought_gets_back_its_own_state_dict(brought, trained):
    """Adopting and exporting are inverse to each other: the same names, the same bits."""
    given, had = own_state(brought.model), trained.state_dict()
    assert given.keys() == had.keys() and len(had) > 100
    assert all(torch.equal(given[name], had[name]) for name in had)


@pytest.mark.data
def test_a_published_checkpoint_comes_back_as_it_was(data_dir, tmp_path):
    path = data_dir / "weights/resnet20_cifar10.safetensors"
    had = safetensors.torch.load_file(path)
    transform = ImageTransform((32, 32))
    model = adopted(FACTORY, "0123456789", had, transform=transform, mean=MEAN * 3, std=STD * 3)
    lineage, _ = saved(tmp_path / "lineage", Learner(model), tests=())
    done = exported(lineage, "prod", tmp_path / "served", "safetensors", contents=Contents(own_names=True))
    assert done.parity.source == "" and done.parity.largest_difference <= 1e-6
    given = safetensors.torch.load_file(done.path / "model.safetensors")
    assert given.keys() == had.keys() and all(torch.equal(given[name], had[name]) for name in had)
    told = json.loads((done.path / "config.json").read_text())
    assert checked(ImageTransform, told["transform"], "the config") == transform


def test_the_users_own_network_loads_what_an_update_made_of_it(brought_grown, colour, tmp_path):
    lineage, _ = saved(tmp_path / "lineage", brought_grown, [colour])
    done = exported(lineage, "prod", tmp_path / "served", "safetensors", contents=Contents(own_names=True))
    assert done.parity.largest_difference <= done.parity.tolerance == 1e-4 and done.parity.same_predictions == 1
    network = resnet20(classes=5).eval()
    network.load_state_dict(safetensors.torch.load_file(done.path / "model.safetensors"))
    inputs = coloured("digits:test@rows=40:60").inputs
    with torch.no_grad():
        given = network(normal(inputs))
    torch.testing.assert_close(given, brought_grown.predict(inputs).logits, rtol=1e-4, atol=1e-4)
    assert json.loads((done.path / "config.json").read_text())["classes"] == list("01234")


def test_the_rows_of_all_blocks_become_one_layer_in_the_order_of_the_classes(brought_grown):
    blocks, given = brought_grown.model.head.linears, own_state(brought_grown.model)
    assert [len(block.weight) for block in blocks] == [3, 2]
    assert given["linear.weight"].shape == (5, 64)
    assert torch.equal(given["linear.weight"][3:], blocks[1].weight) and torch.equal(
        given["linear.bias"][:3], blocks[0].bias
    )


def linear() -> nn.Linear:
    """A network that is its own head, and that has no bias."""
    return nn.Linear(64, 2, bias=False)


def test_a_network_that_is_one_layer_has_the_names_of_that_layer():
    weight = torch.arange(128.0).view(2, 64) / 1000
    model = adopted("tests.export.test_weights:linear", "ab", {"weight": weight})
    assert list(own_state(model)) == ["weight"] and torch.equal(own_state(model)["weight"], weight)


def test_a_network_of_ours_has_no_other_names(cnn_lineage, tmp_path):
    with pytest.raises(InputError, match="the network 'cnn' has no names but ours"):
        exported(cnn_lineage, "prod", tmp_path / "served", "safetensors", contents=Contents(own_names=True))
    assert not list(tmp_path.iterdir())


class Talkative(nn.Module):
    """A network that gives more than its logits."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.top = nn.Linear(2, 3), nn.Linear(3, 2)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        features = self.body(x).relu()
        return {"features": features, "logits": self.top(features)}


def test_of_a_network_that_gives_more_than_logits_these_are_compared(tmp_path):
    model = adopted("tests.export.test_weights:Talkative", "ab", example=torch.randn(4, 2))
    lineage, _ = saved(tmp_path / "lineage", Learner(model), tests=())
    np.savez(tmp_path / "some.npz", x=np.eye(2, dtype=np.float32), y=np.array(["a", "b"]))
    probe = Probe(str(tmp_path / "some.npz"))
    done = exported(lineage, "prod", tmp_path / "served", "safetensors", contents=Contents(own_names=True), probe=probe)
    assert done.parity.largest_difference == 0


def test_an_adapter_has_no_place_in_the_users_own_network_and_one_in_a_program(tmp_path):
    torchvision_operators.importable()  # PEFT imports transformers, which imports torchvision
    pytest.importorskip("peft", reason="peft is not installed")
    lora = fresh_lora({"r": 1, "target_modules": ["body"]})
    model = adopted("tests.export.test_weights:Talkative", "ab", example=torch.ones(4, 2), adapter=lora)
    with pytest.raises(InputError, match="the network has an adapter in it"):
        own_state(model)
    lineage, _ = saved(tmp_path / "lineage", Learner(model), tests=())
    np.savez(tmp_path / "some.npz", x=np.eye(2, dtype=np.float32), y=np.array(["a", "b"]))
    done = exported(lineage, "prod", tmp_path / "served", "torchscript", probe=Probe(str(tmp_path / "some.npz")))
    assert done.parity.same_predictions == 1


def test_a_merged_class_has_no_place_in_a_linear_layer(brought_grown, colour, tmp_path):
    lineage, _ = saved(tmp_path / "lineage", merged(brought_grown), [colour])
    with pytest.raises(InputError, match=r"classes were merged \(3 into 1\)"):
        exported(lineage, "prod", tmp_path / "served", "safetensors", contents=Contents(own_names=True))
    assert exported(lineage, "prod", tmp_path / "served", "safetensors").parity.largest_difference == 0


@pytest.mark.parametrize("format", [name for name in FORMATS if name != "safetensors"])
def test_a_program_has_no_names(cnn_lineage, tmp_path, format):
    with pytest.raises(InputError, match=f"names of your own are for tensors in safetensors; {format} holds a program"):
        exported(cnn_lineage, "prod", tmp_path / "served", format, contents=Contents(own_names=True))


def test_own_names_that_hold_other_weights_are_found_out(brought_grown, colour, tmp_path):
    lineage, version = saved(tmp_path / "lineage", brought_grown)
    one, folder = served(lineage, version, probe=Probe(colour)), tmp_path / "served"
    folder.mkdir()
    write(folder, "safetensors", OWN_NAMES, one)
    tensors = safetensors.torch.load_file(folder / "model.safetensors")
    tensors["bn1.running_var"] *= 2
    safetensors.torch.save_file(tensors, folder / "model.safetensors")
    with pytest.raises(StoreError, match="does not say what the version says"):
        verified(folder, OWN_NAMES, one.learner, one.on)


def test_a_network_that_was_brought_is_exported_as_a_program(brought_grown, colour, tmp_path):
    lineage, _ = saved(tmp_path / "lineage", brought_grown, [colour])
    assert exported(lineage, "prod", tmp_path / "served", "torchscript").parity.same_predictions == 1
