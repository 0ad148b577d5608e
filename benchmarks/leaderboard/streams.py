"""The streams of the leaderboard: small enough for every method, three seeds each, in an hour or two of two cores."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

TEXT = "reproduced/leaderboard/clinc150.npz"
"""What a sentence encoder says of CLINC150, (n, 384) float16; written when it is missing."""

MNIST = {"train": "mnist:train@shuffle=0@rows=0:2000", "test": "mnist:test@shuffle=0@rows=0:2000"}
SMALL = "@size=16@shuffle=0"
CIFAR = {"train": f"cifar100:train{SMALL}@rows=0:6000", "test": f"cifar100:test{SMALL}@rows=0:2000"}
SETTINGS = {"epochs": 5, "batch_size": 32}

MLP, CNN = {"net": "mlp", "width": 128, "depth": 2}, {"net": "cnn", "width": 16}

STREAMS: Mapping[str, Mapping[str, Any]] = {
    "digits, more of the same": {
        "stream": {"data": "digits", "scenario": "data-incremental", "parts": 5},
        "model": MLP,
    },
    "digits, everything at once": {
        "stream": {"data": "digits", "scenario": "mixed", "parts": 5},
        "model": MLP,
    },
    "Split MNIST": {
        "stream": {
            "train": "mnist:train@shuffle=0@rows=0:10000",
            "test": MNIST["test"],
            "scenario": "class-incremental",
            "parts": 5,
        },
        "model": MLP,
    },
    "Permuted MNIST": {
        "stream": {**MNIST, "scenario": "domain-incremental", "shift": "permuted", "parts": 5},
        "model": MLP,
    },
    "Rotated MNIST": {
        "stream": {**MNIST, "scenario": "domain-incremental", "shift": "rotated", "angles": 30, "parts": 5},
        "model": MLP,
    },
    "Split CIFAR-100": {
        "stream": {**CIFAR, "scenario": "class-incremental", "parts": 5},
        "model": CNN,
    },
    "CIFAR-100, more of the same": {
        "stream": {**CIFAR, "scenario": "data-incremental", "parts": 5},
        "model": CNN,
    },
    "Split CLINC150": {
        "stream": {"data": f"./{TEXT}", "scenario": "class-incremental", "parts": 5},
        "model": {"net": "mlp", "width": 256, "depth": 1},
    },
}
"""Each stream by its name, with its network."""


def short(stream: str) -> str:
    """Return a stream's name as that of a folder."""
    return stream.lower().replace(",", "").replace(" ", "-")


def unpack(data_dir: Path, place: Path) -> None:
    """Write the features of CLINC150 as floats; they are kept as bytes and a scale for each column."""
    with np.load(data_dir / "features" / "clinc150_minilm384.npz") as packed:
        arrays = {f"x_{k}": (packed[f"x_{k}"] * packed["scale"]).astype(np.float16) for k in ("train", "test")}
        arrays |= {f"y_{k}": packed[f"y_{k}"].astype(np.int64) for k in ("train", "test")}
        place.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(place, classes=packed["labels"], **arrays)
