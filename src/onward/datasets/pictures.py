"""Image files into arrays, by Pillow. An image is (height, width) when grey, else (height, width, 3)."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor

from onward.datasets.part import tensor
from onward.errors import InputError, listed, optional

if TYPE_CHECKING:
    from PIL.Image import Image

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
GREY = ("1", "L", "LA")
COLOUR = ("P", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "LAB", "HSV", "PA")


def opened(file: Path | bytes) -> Image:
    """Return an image, decoded.

    Raises:
        InputError: when it cannot be read as one, or is so large that Pillow takes it for an attack.
    """
    pillow = optional("PIL.Image", "data", "reading images")
    try:
        with pillow.open(io.BytesIO(file) if isinstance(file, bytes) else file) as image:
            image.load()
            return image
    except Exception as error:  # a decoder may raise anything on bytes that lie
        raise InputError(f"cannot be read as an image: {error}") from error


def pixels(image: Image) -> np.ndarray:
    """Return an image's values, uint8, grey or colour; transparency is left out.

    Raises:
        InputError: when its values have more than 8 bits.
    """
    if image.mode not in GREY + COLOUR:
        raise InputError(f"has mode {image.mode}, but only 8-bit grey and colour images are read")
    return np.asarray(image.convert("L" if image.mode in GREY else "RGB"))


def decoded(files: Iterable[tuple[str, Path | bytes]], where: Path) -> Tensor:
    """Return many images as one tensor, (n, channels, height, width) uint8.

    Args:
        files: a name for messages, and the file or its bytes.
        where: what holds them, for messages.

    Raises:
        InputError: counting the images that cannot be read, or the sizes when they differ.
    """
    names, arrays, broken = [], [], []
    for name, file in files:
        try:
            arrays.append(pixels(opened(file)))
            names.append(name)
        except InputError as error:
            broken.append(f"{name} ({error})")
    if broken:
        total = len(broken) + len(arrays)
        raise InputError(
            f"{len(broken)} of {total} images in {where} cannot be used: {listed(broken, most=3)}. "
            "Mend them or take them away."
        )
    return stacked(arrays, names, where)


def stacked(arrays: Sequence[np.ndarray], names: Sequence[str], where: Path) -> Tensor:
    """Return images of one size as (n, channels, height, width); grey ones gain colour beside coloured ones.

    Raises:
        InputError: when there are none, or their sizes differ: each size with its count and an example.
    """
    if not arrays:
        raise InputError(f"there are no images in {where}")
    sizes = Counter(array.shape[:2] for array in arrays)
    if len(sizes) > 1:
        first = {array.shape[:2]: name for array, name in reversed(list(zip(arrays, names, strict=True)))}
        shown = [f"{w}x{h} ({count}, such as {first[h, w]})" for (h, w), count in sizes.most_common()]
        raise InputError(f"the images in {where} have {len(sizes)} sizes: {listed(shown, most=5)}. Bring them to one.")
    if len({array.ndim for array in arrays}) > 1:
        arrays = [array if array.ndim == 3 else np.repeat(array[:, :, None], 3, axis=2) for array in arrays]
    held = np.stack(arrays)
    return tensor(held[:, None] if held.ndim == 3 else held.transpose(0, 3, 1, 2))
