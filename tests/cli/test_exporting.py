"""``onward export`` as it is typed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from tests.cli.terminal import done, refused, typed

import onward


@pytest.mark.usefixtures("lineage")
def test_one_line_tells_what_where_how_large_and_how_near():
    told = done("export prod --to served/prod --format torchscript").out
    size = sum(path.stat().st_size for path in Path("served/prod").iterdir())
    assert re.fullmatch(
        rf"version {onward.Lineage('.onward').resolve('prod')[:8]} written to served/prod as torchscript, "
        rf"{size / 1024:.1f} KiB: largest difference \S+ over 60 inputs of "
        r"digits:test@classes=0,1,2@rows=0:60, all predictions the same\n",
        told,
    )


@pytest.mark.usefixtures("lineage")
def test_json_tells_the_same():
    told = done("export prod --to served --format safetensors --inputs digits:train@rows=0:5 --json").json
    assert told["parity"] == {
        "inputs": 5,
        "source": "digits:train@rows=0:5",
        "largest_difference": 0.0,
        "same_predictions": 1.0,
        "tolerance": 0.0,
    }
    assert told["format"] == "safetensors" and Path(told["path"]) == Path("served").resolve()
    assert told["version"] == onward.Lineage(".onward").resolve("prod")


@pytest.mark.usefixtures("lineage")
def test_an_export_that_is_there_is_replaced_when_forced():
    done("export prod --to served --format safetensors")
    assert "there is served already" in refused("export prod --to served --format torch-export")
    done("export prod --to served --format torch-export --force")
    assert {path.name for path in Path("served").iterdir()} == {"model.pt2", "config.json", "README.md"}
    inputs = onward.read("digits:test@rows=0:9").inputs
    said = torch.export.load("served/model.pt2").module()(inputs)
    assert torch.equal(said.argmax(dim=1), onward.load("prod").predict(inputs).ids)


@pytest.mark.usefixtures("lineage")
def test_what_was_before_an_expansion_is_served_and_growth_is_told():
    grown = "update prod --data digits:train@classes=3,4@rows=0:60 --method expanse --epochs 1 --no-promote"
    id = typed(f"{grown} --json").json["version"]
    told = done(f"export {id} --to served --format safetensors --part source").out.splitlines()
    assert told[0].startswith(f"the source within version {id[:8]} written to served as safetensors, ")
    before = onward.Lineage(".onward").resolve("prod")
    assert told[1].split() == ["parameters", "size", "ms", "a", "prediction"]
    # 64 to 24 and to 3; then 64 to 12 more, and rows of two classes at 36 features.
    assert told[2].split()[:5] == ["before,", before[:8], "1,635", "6.4", "KiB"]
    assert told[3].split()[:4] == ["grown", "2,489", "9.7", "KiB"]
    inputs = onward.read("digits:test@rows=0:9").inputs
    values = done(f"export {id} --to other --format torch-export --part source --json").json
    assert (values["part"], values["growth"]["version"]) == ("source", before)
    said = torch.export.load("other/model.pt2").module()(inputs)
    torch.testing.assert_close(said, onward.load("prod").predict(inputs).logits)
    assert done(f"show {id}").fact("network").endswith(", expanded by 12 units in 1 layer")


MISTAKES = [
    ("prod --to served --format tensorflow", "unknown format 'tensorflow'"),
    ("prd --to served --format onnx", "unknown head or version 'prd'. Did you mean 'prod'?"),
    ("prod --to served --format onnx --part source", "this one never did"),
    ("prod --to served --format onnx --part ful", "unknown part 'ful'. Did you mean 'full'?"),
    ("raw --to served --format onnx", "knows no class yet"),
    ("prod --to served.onnx --format onnx", "an export is a folder, got served.onnx; leave the .onnx away"),
    ("prod --to served --format onnx --own-names", "names of your own are for tensors in safetensors"),
    ("prod --to served --format safetensors --own-names", "the network 'mlp' has no names but ours"),
    ("prod --to served --format safetensors --inputs nowhere.npz", "nowhere.npz"),
    ("prod --to . --format safetensors --force", "is no export, there is .onward in it"),
]


@pytest.mark.usefixtures("lineage")
@pytest.mark.parametrize(("words", "told"), MISTAKES)
def test_a_mistake_is_told_and_nothing_is_written(words, told):
    assert told in refused(f"export {words}")
