"""A network of timm's is taken over with its data configuration."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from onward.errors import InputError, MissingExtraError
from onward.nets import timm_models
from onward.transform import ImageTransform

ROOT = Path(__file__).parents[2]
USUAL = {"input_size": (3, 224, 224), "interpolation": "bicubic", "crop_pct": 0.875, "crop_mode": "center"}


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (USUAL, ImageTransform((224, 224), "crop", 256, "bicubic")),
        # 224 / 0.95 = 235.79, which timm rounds down
        ({**USUAL, "crop_pct": 0.95, "interpolation": "bilinear"}, ImageTransform((224, 224), "crop", 235, "bilinear")),
        ({**USUAL, "crop_mode": "squash", "crop_pct": 1.0}, ImageTransform((224, 224), resample="bicubic")),
        ({**USUAL, "input_size": (1, 28, 28), "crop_pct": 1.0}, ImageTransform((28, 28), "crop", 28, "bicubic", 1)),
    ],
)
def test_a_data_configuration_becomes_a_transform(data, wanted):
    assert timm_models.image_transform(data) == wanted


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({**USUAL, "crop_mode": "border"}, "crop mode border, 224x224 at 0.875"),
        ({**USUAL, "crop_mode": "squash"}, "crop mode squash, 224x224 at 0.875"),
        ({**USUAL, "input_size": (4, 224, 224)}, "4 channels, bicubic interpolation"),
        ({**USUAL, "interpolation": "random"}, "3 channels, random interpolation"),
    ],
)
def test_inputs_that_a_transform_of_ours_cannot_make_are_told(data, said):
    with pytest.raises(InputError, match=f"timm prepares its inputs by {said}, which is not supported"):
        timm_models.image_transform(data)


def test_without_timm_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(MissingExtraError, match=r"a network of timm's needs timm, .* pip install 'onward\[timm\]'"):
        timm_models.network("resnet18")


def in_a_process(program: str, *words: object) -> str:
    """Run a program where nothing has imported torchvision yet; return what it printed."""
    given = [sys.executable, "-W", "error", "-c", program, *map(str, words)]
    ran = subprocess.run(given, capture_output=True, text=True, cwd=ROOT)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


FAILS = """
import torch
from onward.errors import MissingExtraError
from onward.nets import timm_models
try:
    timm_models.network("resnet18")
    print("imported")
except MissingExtraError as error:
    print(error)
"""


@pytest.mark.skipif(importlib.util.find_spec("timm") is None, reason="timm is not installed")
def test_a_torchvision_that_does_not_fit_torch_is_told_as_such():
    told = in_a_process(FAILS)
    assert told == "imported\n" or "torchvision does not fit torch: operator torchvision::nms does not exist" in told


TAKEN = """
import sys, warnings
from tests.nets.torchvision_operators import importable
importable()
import safetensors.torch, timm, torch
import onward
from onward.cli.app import main
from onward.errors import InputError
from onward.nets import timm_models
from onward.rng import generator, isolated

with isolated(0, "timm"):
    original = timm.create_model("test_resnet.r160_in1k", num_classes=3).eval()
safetensors.torch.save_file(original.state_dict(), sys.argv[1] + "/own.safetensors")
lineage = sys.argv[1] + "/lineage"
words = "init prod --model timm:test_resnet.r160_in1k --classes cat,dog,owl --weights".split()
sys.argv = ["onward", *words, sys.argv[1] + "/own.safetensors", "--lineage", lineage]
try:
    main()
except SystemExit as end:
    assert not end.code
learner = onward.load("prod", lineage)
data = timm.data.resolve_model_data_config(original)
images = torch.randint(0, 256, (2, *data["input_size"]), generator=generator(0), dtype=torch.uint8)
mean, std = (torch.tensor(data[name])[:, None, None] for name in ("mean", "std"))
with torch.no_grad():
    torch.testing.assert_close(learner.predict(images).logits, original((images / 255 - mean) / std))
spec = learner.model.spec()["backbone"]
print(spec["arguments"], spec["head"], learner.model.backbone.transform)
for name, arguments in [("resnet81", {}), ("resnet18", {"widht": 3})]:
    try:
        timm_models.published(name, arguments, trained=False)
    except InputError as error:
        print(error)
"""


@pytest.mark.skipif(importlib.util.find_spec("timm") is None, reason="timm is not installed")
def test_a_network_by_its_name_computes_what_it_computed_and_unknown_words_are_told(tmp_path):
    *_, taken, name, argument = in_a_process(TAKEN, tmp_path).splitlines()
    assert taken.startswith("{'name': 'test_resnet.r160_in1k', 'num_classes': 3} fc ImageTransform(size=(160, 160), ")
    assert name.startswith("unknown network of timm 'resnet81'. Did you mean 'resnet")
    assert argument.startswith("timm cannot make resnet18: ") and "widht" in argument


ELSEWHERE = """
from tests.nets.torchvision_operators import importable
importable()
from onward.errors import InputError
from onward.nets.timm_models import network
for words in ({"name": "resnet18", "checkpoint_path": "x.pth"}, {"name": "hf-hub:someone/something"}):
    try:
        network(**words)
    except InputError as error:
        print(error)
"""


def test_a_card_cannot_send_timm_elsewhere():
    assert in_a_process(ELSEWHERE).count("is known by its name alone") == 2
