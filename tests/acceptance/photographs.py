"""Real photographs as files: cut from the sheets of the real data sets, in whatever size and format."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import cycle
from pathlib import Path

import numpy as np
from PIL import Image

CIFAR10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def photographs(sheets: Path, split: str, name: str) -> np.ndarray:
    """All images of one class, (n, height, width, 3)."""
    meta = json.loads((sheets / "meta.json").read_text())
    file = next(path for path in sheets.glob(f"{split}_*_{name}.webp"))
    (height, width), told = meta["tile"], meta["files"][file.name]
    grid = np.asarray(Image.open(file).convert("RGB"))
    tiles = grid.reshape(-1, height, told["columns"], width, 3).transpose(0, 2, 1, 3, 4)
    return tiles.reshape(-1, height, width, 3)[: told["count"]]


def put(
    folder: Path, images: Iterable[np.ndarray], suffixes: Iterable[str] = (".png",), pixels: Iterable[int] = (32,)
) -> None:
    """Write images, the formats and the sizes by turns."""
    folder.mkdir(parents=True, exist_ok=True)
    for k, (array, suffix, size) in enumerate(zip(images, cycle(suffixes), cycle(pixels), strict=False)):
        image = Image.fromarray(array)
        if image.width != size:
            image = image.resize((size, size + 3), Image.Resampling.BICUBIC)
        image.save(folder / f"{k:03}{suffix}")
