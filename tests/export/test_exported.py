"""A version in each format: what it says, what stands beside it, when it is refused."""

from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from tests.export.worlds import MEAN, STD, TESTS, Crowd, saved
from tests.store.worlds import contents
from torch import Tensor

from onward.datasets.source import read
from onward.errors import InputError, MissingExtraError, StoreError
from onward.export.exported import exported, write
from onward.export.formats import FORMATS
from onward.export.parity import verified
from onward.export.probe import Probe
from onward.export.served import served
from onward.learner import Learner
from onward.nets.adopt import adopted
from onward.nets.zoo import build, fresh
from onward.schema import checked
from onward.store.card import Card
from onward.store.lineage import Lineage
from onward.transform import ImageTransform

PROGRAMS = ["torchscript", "torch-export", "onnx"]


OPPOSITE = """
from dataclasses import dataclass

from onward.method import Method


@dataclass(frozen=True)
class Opposite(Method):
    def predict(self, model, inputs, kept):
        return -model(inputs)
"""


def says(folder, format: str, inputs: Tensor) -> Tensor:
    """What an export says, opened as its users open it, with nothing of ours."""
    if format == "onnx":
        import onnxruntime

        session = onnxruntime.InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])
        return torch.from_numpy(session.run(None, {"inputs": inputs.numpy()})[0])
    if format == "torch-export":
        return torch.export.load(folder / "model.pt2").module()(inputs)
    with pytest.warns(DeprecationWarning, match="torch.jit.load"):
        return torch.jit.load(folder / "model.torchscript.pt")(inputs)


@pytest.mark.parametrize("format", PROGRAMS)
@pytest.mark.parametrize("world", ["cnn", "mlp_merged"])
def test_a_program_takes_stored_inputs_of_any_number_and_says_what_the_version_says(world, format, request, tmp_path):
    learner = request.getfixturevalue(world)
    lineage = request.getfixturevalue({"cnn": "cnn_lineage", "mlp_merged": "merged_lineage"}[world])
    state = torch.get_rng_state()
    done = exported(lineage, "prod", tmp_path / "served", format)
    assert torch.equal(torch.get_rng_state(), state)
    assert done.parity.inputs == 40 and done.parity.source == TESTS[0]
    assert 0 <= done.parity.largest_difference <= done.parity.tolerance == 1e-4
    assert done.parity.same_predictions == 1.0
    inputs = read("digits:test@rows=40:57").inputs  # neither the inputs nor the numbers of them that were checked
    assert inputs.dtype == torch.uint8
    torch.testing.assert_close(says(done.path, format, inputs), learner.predict(inputs).logits, rtol=1e-4, atol=1e-4)


def test_safetensors_hold_the_version_bit_for_bit(cnn_lineage, cnn, tmp_path):
    done = exported(cnn_lineage, "prod", tmp_path / "served", "safetensors")
    assert (done.parity.largest_difference, done.parity.tolerance, done.parity.same_predictions) == (0, 0, 1)
    tensors, own = safetensors.torch.load_file(done.path / "model.safetensors"), cnn.model.state_dict()
    assert tensors.keys() == own.keys() and all(torch.equal(tensors[name], own[name]) for name in own)
    model = build(json.loads((done.path / "config.json").read_text())["spec"]).eval()
    model.load_state_dict(tensors)
    inputs = read("digits:test@rows=0:9").inputs
    assert torch.equal(model(inputs), cnn.predict(inputs).logits)


@pytest.mark.parametrize("format", ["safetensors", "torchscript"])
def test_the_config_says_what_serving_needs(merged_lineage, tmp_path, format):
    done = exported(merged_lineage, "prod", tmp_path / "served", format)
    told = json.loads((done.path / "config.json").read_text())
    version = merged_lineage.version("prod")
    assert told["version"] == done.version == version.id
    assert told["format"] == done.format == format and told["method"] == version.card.method
    assert told["classes"] == ["0", "1", "2", "3", "4"]
    assert told["id2label"] == {str(k): str(k) for k in range(5)} and told["aliases"] == {"3": "1"}
    assert (told["mean"], told["std"]) == (list(MEAN), list(STD))
    assert (told["shape"], told["dtype"]) == ([1, 8, 8], "uint8")
    assert checked(ImageTransform, told["transform"], "the config") == ImageTransform((8, 8), channels=1)
    assert told["spec"] == version.card.net
    assert done.bytes == sum(len(content) for content in contents(done.path).values())


def test_onnx_carries_its_classes(cnn_lineage, tmp_path):
    import onnxruntime

    done = exported(cnn_lineage, "prod", tmp_path / "served", "onnx")
    session = onnxruntime.InferenceSession(done.path / "model.onnx", providers=["CPUExecutionProvider"])
    told = {name: json.loads(text) for name, text in session.get_modelmeta().custom_metadata_map.items()}
    assert told == json.loads((done.path / "config.json").read_text())
    assert [(each.name, each.shape, each.type) for each in session.get_inputs()] == [
        ("inputs", ["batch", 1, 8, 8], "tensor(uint8)")
    ]


def test_a_program_of_torch_export_holds_no_pickle(cnn_lineage, tmp_path):
    done = exported(cnn_lineage, "prod", tmp_path / "served", "torch-export")
    with zipfile.ZipFile(done.path / "model.pt2") as archive:
        starts = [archive.read(name)[:2] for name in archive.namelist() if not name.startswith("model/data/weights/w")]
    assert len(starts) > 5 and not {b"PK", b"\x80\x02", b"\x80\x04"} & set(starts)


def test_a_model_card_goes_with_the_network(cnn, tmp_path):
    lineage, version = saved(tmp_path / "lineage", cnn)
    without = exported(lineage, "prod", tmp_path / "first", "safetensors")
    assert contents(without.path).keys() == {"model.safetensors", "config.json"}
    (version.path / "README.md").write_text("# It knows five digits\n")
    assert contents(exported(lineage, "prod", tmp_path / "second", "safetensors").path)["README.md"] == (
        b"# It knows five digits\n"
    )


def test_floats_and_vectors_are_exported_as_they_are_stored(tmp_path):
    model = fresh("mlp", (2,), 0, width=4, depth=1)
    model.grow("ab", 0)
    lineage, _ = saved(tmp_path / "lineage", Learner(model.eval()), tests=())
    done = exported(lineage, "prod", tmp_path / "served", "torch-export")
    assert (done.parity.source, done.parity.inputs) == ("", 64)
    assert json.loads((done.path / "config.json").read_text())["dtype"] == "float32"
    assert torch.export.load(done.path / "model.pt2").module()(torch.randn(3, 2)).shape == (3, 2)


def test_a_parameter_of_half_precision_is_exported_in_half_precision(cnn, tmp_path):
    model = build(cnn.model.spec())
    model.load_state_dict(cnn.model.state_dict())
    lineage, _ = saved(tmp_path / "lineage", Learner(model.eval().to(torch.bfloat16)))
    done = exported(lineage, "prod", tmp_path / "served", "safetensors")
    assert done.parity.largest_difference == 0
    assert safetensors.torch.load_file(done.path / "model.safetensors")["head.blocks.0.weight"].dtype == torch.bfloat16


@pytest.fixture
def opposite(tmp_path, monkeypatch):
    """A package outside with a method that predicts in its own way."""
    (tmp_path / "opposite.py").write_text(OPPOSITE)
    (tmp_path / "outside-1.dist-info").mkdir()
    (tmp_path / "outside-1.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: outside\nVersion: 1\n")
    (tmp_path / "outside-1.dist-info/entry_points.txt").write_text("[onward.methods]\nopposite = opposite:Opposite\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("opposite", None)


@pytest.mark.usefixtures("opposite")
@pytest.mark.parametrize("format", FORMATS)
def test_a_prediction_that_is_not_the_networks_own_is_refused(cnn, tmp_path, format):
    lineage = Lineage.create(tmp_path / "lineage")
    lineage.promote(lineage.save(cnn, Card(net={}, method="opposite | replay", tests=TESTS)).id, "prod")
    with pytest.raises(InputError, match="the method opposite predicts in a way of its own"):
        exported(lineage, "prod", tmp_path / "served", format)
    assert not (tmp_path / "served").exists()


def test_a_version_without_classes_is_refused(tmp_path):
    lineage, _ = saved(tmp_path / "lineage", Learner(fresh("mlp", (1, 8, 8), 0)))
    with pytest.raises(InputError, match="knows no class yet"):
        exported(lineage, "prod", tmp_path / "served", "onnx")


@pytest.mark.parametrize("module", ["onnx", "onnxscript", "onnxruntime"])
def test_what_onnx_needs_is_named_where_it_is_missing(cnn_lineage, tmp_path, monkeypatch, module):
    monkeypatch.setitem(sys.modules, module, None)  # as Python itself marks what cannot be imported
    with pytest.raises(MissingExtraError, match=rf"needs {module}, .*onward\[export\]"):
        exported(cnn_lineage, "prod", tmp_path / "served", "onnx")
    assert not list(tmp_path.iterdir())


def test_an_unknown_format_is_refused(cnn_lineage, tmp_path):
    with pytest.raises(InputError, match=r"unknown format 'onx'\. Did you mean 'onnx'\?"):
        exported(cnn_lineage, "prod", tmp_path / "served", "onx")


@pytest.mark.parametrize("format", FORMATS)
def test_a_file_that_is_disturbed_is_found_out(cnn_lineage, tmp_path, format):
    """A block of the head is negated where it stands in the file, after that was written."""
    one = served(cnn_lineage, cnn_lineage.version("prod"))
    write(tmp_path, format, FORMATS[format], one)
    assert verified(tmp_path, FORMATS[format], one.learner, one.on).same_predictions == 1
    disturb(tmp_path / FORMATS[format].file, one.model.head.linears[0].weight)
    with pytest.raises(StoreError, match="does not say what the version says: logits differ by up to "):
        verified(tmp_path, FORMATS[format], one.learner, one.on)


def disturb(path: Path, weight: Tensor) -> None:
    """Negate a tensor in a file that holds its bytes as they are, in a zip archive or not."""
    before, after = weight.detach().numpy().tobytes(), (-weight).detach().numpy().tobytes()
    if not zipfile.is_zipfile(path):
        content = path.read_bytes()
        assert content.count(before) == 1
        path.write_bytes(content.replace(before, after))
        return
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    (place,) = [name for name, content in parts.items() if content == before]
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, after if name == place else content)


def test_a_file_that_was_cut_off_is_found_out(cnn_lineage, tmp_path):
    one = served(cnn_lineage, cnn_lineage.version("prod"))
    write(tmp_path, "onnx", FORMATS["onnx"], one)
    path = tmp_path / "model.onnx"
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(StoreError, match=r"model.onnx was written but cannot be run"):
        verified(tmp_path, FORMATS["onnx"], one.learner, one.on)


def test_a_network_that_does_other_things_for_other_batches_is_not_captured(tmp_path):
    """A trace follows the batch that it sees: the check is made at other sizes, and nothing is left behind."""
    model = adopted("tests.export.worlds:Crowd", "ab", Crowd().state_dict())
    lineage, _ = saved(tmp_path / "lineage", Learner(model), tests=[])
    np.savez(tmp_path / "inputs.npz", x=np.ones((6, 2), np.float32), y=np.array(["a", "b"] * 3))
    probe = Probe(str(tmp_path / "inputs.npz"))
    with pytest.raises(StoreError, match=r"model.torchscript.pt does not say .* differ by up to .*it was removed"):
        exported(lineage, "prod", tmp_path / "served", "torchscript", probe=probe)
    with pytest.raises(InputError, match=r"A program of torch.export cannot be made of this network: .*safetensors"):
        exported(lineage, "prod", tmp_path / "served", "torch-export", probe=probe)
    assert {path.name for path in tmp_path.iterdir()} == {"lineage", "inputs.npz"}
    assert exported(lineage, "prod", tmp_path / "served", "safetensors", probe=probe).parity.largest_difference == 0
