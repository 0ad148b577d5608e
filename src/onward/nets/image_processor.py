"""Hugging Face's ``preprocessor_config.json`` as an image transform, a mean and a standard deviation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from onward.errors import InputError
from onward.transform import ImageTransform, Resample

RESAMPLE: tuple[Resample, ...] = ("nearest", "lanczos", "bilinear", "bicubic")
"""By the numbers that Pillow gives them."""

FULL_SIZE = 384
"""From this size on, the ConvNext processor squashes the whole image instead of cutting out the middle."""


def image_transform(values: Mapping[str, Any]) -> ImageTransform:
    """Return the transform that an image processor's configuration describes.

    Args:
        values: the JSON object of the file.

    Raises:
        InputError: when it does what a transform of ours cannot say.
    """
    number = values.get("resample", 2)
    resample = RESAMPLE[number] if number in range(len(RESAMPLE)) else "bilinear"
    size, crop = values.get("size"), values.get("crop_size") if values.get("do_center_crop") else None
    if isinstance(size, Mapping) and "shortest_edge" in size:
        size = size["shortest_edge"]
    if "ConvNext" in str(values.get("image_processor_type", values.get("feature_extractor_type"))):
        return convnext(values, size, resample)
    if not values.get("do_resize", True) or size is None:
        raise unsaid("resizes nothing")
    if isinstance(size, Mapping):
        full = sides(size)
        if crop is not None and sides(crop) != full:
            raise unsaid(f"squashes to {size} and then cuts out {crop}")
        return ImageTransform(full, resample=resample)
    if crop is not None:
        return ImageTransform(sides(crop), fit="crop", shorter_side=int(size), resample=resample)
    if isinstance(values.get("size"), Mapping):
        raise unsaid(f"keeps the proportions ({values['size']}), so inputs differ in shape")
    return ImageTransform((int(size), int(size)), resample=resample)


def convnext(values: Mapping[str, Any], size: object, resample: Resample) -> ImageTransform:
    """Return the transform of the ConvNext processor, which ResNet and others use as well: it crops by a share."""
    side = sides(size)
    if side[0] >= FULL_SIZE:
        return ImageTransform(side, resample=resample)
    shorter = int(side[0] / values.get("crop_pct", 224 / 256))
    return ImageTransform(side, fit="crop", shorter_side=shorter, resample=resample)


def sides(size: object) -> tuple[int, int]:
    """Return height and width of a size as the file has it.

    Raises:
        InputError: when it is none of the usual forms.
    """
    if isinstance(size, int):
        return (size, size)
    if isinstance(size, Mapping) and {"height", "width"} <= size.keys():
        named = cast("Mapping[str, int]", size)
        return (int(named["height"]), int(named["width"]))
    raise unsaid(f"resizes to {size}")


def scale(values: Mapping[str, Any]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return mean and standard deviation by channel, for inputs in [0, 1].

    The file's are for ``k x / 255``, where k is usually 1: (k x / 255 - m) / s = (x / 255 - m / k) / (s / k).

    Args:
        values: the JSON object of the file.

    Raises:
        InputError: when pixels are shifted as well.
    """
    if values.get("rescale_offset"):
        raise unsaid("shifts pixels by an offset")
    k = 255 * values.get("rescale_factor", 1 / 255) if values.get("do_rescale", True) else 255.0
    k = round(k, 9)  # 1/255 is written with as many digits as fit
    if values.get("do_normalize", True) and values.get("image_mean") and values.get("image_std"):
        return tuple(m / k for m in values["image_mean"]), tuple(s / k for s in values["image_std"])
    return ((), ()) if k == 1 else ((), (1 / k,))


def unsaid(deed: str) -> InputError:
    """Return the error for what a transform of ours cannot say."""
    return InputError(f"its preprocessor_config.json {deed}, which is not supported; say what it takes with --size")
