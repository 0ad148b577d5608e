"""One image into an array, by Pillow."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from torch import Tensor

from onward.datasets.arrays.tensors import tensor
from onward.errors import InputError, listed, optional
from onward.transform import ImageTransform

if TYPE_CHECKING:
    from PIL.Image import Image

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff")
GREY = ("1", "L", "LA")
COLOUR = ("P", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "LAB", "HSV", "PA")

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "DIB", "GIF", "TIFF")
"""What is read, whatever a file is called: Pillow knows more, and some of those it has other programs read."""

File = str | Path | bytes | np.ndarray | None
"""An image: the path of a file, its bytes, or pixels, (channels, height, width) uint8; None where there is none."""


def opened(file: File) -> Image:
    """Return an image, decoded.

    Raises:
        InputError: when it cannot be read as one, or is so large that Pillow takes it for an attack.
    """
    return _open(file, decode=True)


def glance(file: File) -> tuple[int, int, int]:
    """Return an image's channels (1 or 3), height and width; of a file only the head is read.

    Raises:
        InputError: when it is no image, or its values have more than 8 bits.
    """
    image = _open(file, decode=False)
    return 1 if _mode(image) == "L" else 3, image.height, image.width


def pixels(image: Image) -> np.ndarray:
    """Return an image's values, (channels, height, width) uint8, grey or colour; transparency is left out.

    Raises:
        InputError: when its values have more than 8 bits.
    """
    return _values(image.convert(_mode(image)))


def decoded(file: File, transform: ImageTransform) -> np.ndarray:
    """Return an image as the model takes it, (channels, height, width) uint8.

    Raises:
        InputError: when it cannot be read as an image, or its values have more than 8 bits.
    """
    image = opened(file)
    _mode(image)
    return _values(fitted(image.convert("L" if transform.channels == 1 else "RGB"), transform))


def fitted(image: Image, transform: ImageTransform) -> Image:
    """Return an image in the size that the transform gives; the middle is cut out as torchvision cuts it."""
    resample = optional("PIL.Image", "data", "resizing images").Resampling[transform.resample.upper()]
    height, width = transform.size
    if transform.fit == "squash":
        return image.resize((width, height), resample)
    shorter = transform.shorter_side or max(transform.size)
    least = min(image.size)
    image = image.resize((shorter * image.width // least, shorter * image.height // least), resample)
    left, top = round((image.width - width) / 2), round((image.height - height) / 2)
    return image.crop((left, top, left + width, top + height))


def one_form(shapes: Mapping[str, tuple[int, int, int]], where: object) -> ImageTransform:
    """Return the transform that changes nothing but makes grey images coloured beside coloured ones.

    Args:
        shapes: channels, height and width of each image, by its name.
        where: what holds them, for the message.

    Raises:
        InputError: when their sizes differ: each size with its count and an example.
    """
    sizes = Counter(shape[1:] for shape in shapes.values())
    if len(sizes) > 1:
        first = {shape[1:]: name for name, shape in reversed(list(shapes.items()))}
        shown = [f"{w}x{h} ({count}, such as {first[h, w]})" for (h, w), count in sizes.most_common()]
        raise InputError(
            f"the images in {where} have {len(sizes)} sizes: {listed(shown, most=5)}. "
            "Bring them to one, or let them be resized: @size=64"
        )
    return ImageTransform(next(iter(sizes)), channels=channels(shapes.values()))


def channels(shapes: Iterable[tuple[int, int, int]]) -> Literal[1, 3]:
    """Return 3 when an image among them has colour, else 1. shapes: channels, height and width of each."""
    return 3 if any(shape[0] == 3 for shape in shapes) else 1


def stacked(arrays: Sequence[np.ndarray], where: object) -> Tensor:
    """Return images of one size, (channels, height, width) each, as (n, channels, height, width).

    Raises:
        InputError: when there are none, or their sizes differ.
    """
    if not arrays:
        raise InputError(f"there are no images in {where}")
    form = one_form({f"image {row}": array.shape for row, array in enumerate(arrays)}, where)
    return tensor(np.stack([np.broadcast_to(array, form.shape) for array in arrays]))


def _open(file: File, decode: bool) -> Image:
    pillow = optional("PIL.Image", "data", "reading images")
    if file is None:
        raise InputError("holds no image")
    try:
        if isinstance(file, np.ndarray):
            return pillow.fromarray(np.ascontiguousarray(file[0] if len(file) == 1 else file.transpose(1, 2, 0)))
        if not isinstance(file, bytes) and not Path(file).is_file() and Path(file).exists():
            raise ValueError("it is no file")  # one would wait for a pipe for ever
        with pillow.open(io.BytesIO(file) if isinstance(file, bytes) else file, formats=FORMATS) as image:
            most = pillow.MAX_IMAGE_PIXELS
            if most is not None and image.width * image.height > most:  # up to twice as many, Pillow only warns
                raise ValueError(f"its {image.width} x {image.height} pixels are more than {most:,}; make it smaller")
            if getattr(image, "is_animated", False) and image.format != "MPO":  # a photo with its preview is one image
                raise ValueError(f"it has {image.n_frames} frames, and which is meant is not said")
            if decode:
                image.load()
            image.info.pop("transparency", None)  # of a palette Pillow would warn that it is left out
            return image
    except Exception as error:  # a decoder may raise anything on bytes that lie
        raise InputError(f"cannot be read as an image: {error}") from error


def _mode(image: Image) -> str:
    if image.mode not in GREY + COLOUR:
        raise InputError(f"has mode {image.mode}, but only 8-bit grey and colour images are read")
    return "L" if image.mode in GREY else "RGB"


def _values(image: Image) -> np.ndarray:
    values = np.asarray(image)
    return values[None] if values.ndim == 2 else values.transpose(2, 0, 1)
