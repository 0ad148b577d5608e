"""Image classifiers of timm, by name; rebuilt by name alone."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import ModuleType
from typing import Any, cast

from torch import nn

from onward.errors import InputError, MissingExtraError, optional, unknown
from onward.nets.published import Published
from onward.transform import ImageTransform, Resample


def network(name: str, **arguments: Any) -> nn.Module:  # noqa: ANN401 - whatever the network of that name takes
    """Return a network without its weights. forward: (b, channels, height, width) -> (b, classes).

    Args:
        name: as timm has it, ``architecture`` or ``architecture.tag``.
        **arguments: given to ``timm.create_model``: ``num_classes``, ``in_chans``, ``img_size``, ...

    Raises:
        InputError: when timm would look elsewhere, on a disk or a hub: this is called with what a card says.
    """
    if "checkpoint_path" in arguments or not timm().is_model(name):
        raise InputError(f"a network of timm's is known by its name alone, got {name!r} with {sorted(arguments)}")
    return timm().create_model(name, pretrained=False, **arguments)


def published(name: str, arguments: Mapping[str, Any], trained: bool) -> Published:
    """Return a network of timm's with the transform of its data configuration.

    Args:
        name: as timm has it.
        arguments: given to ``timm.create_model``; JSON.
        trained: whether its published weights are fetched; else it comes without.

    Raises:
        InputError: when there is no such network, its weights cannot be had, or its inputs are made in a way that is
            not supported.
    """
    library = timm()
    if not library.is_model(name):
        raise unknown("network of timm", name, library.list_models())
    try:
        made = library.create_model(name, pretrained=trained, **arguments)
    except Exception as error:  # no network, no weights, an argument it does not take: timm raises as it comes
        reason = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise InputError(f"timm cannot make {name}: {reason}; with --weights it fetches nothing") from error
    data = library.data.resolve_model_data_config(made)
    weights = made.state_dict() if trained else None
    transform = image_transform(data)
    return Published(
        f"{__name__}:{network.__name__}",
        {"name": name, **arguments},
        weights,
        (),
        transform,
        tuple(data["mean"]),
        tuple(data["std"]),
    )


def image_transform(data: Mapping[str, Any]) -> ImageTransform:
    """Return the transform of a data configuration as timm evaluates with it.

    The shorter side becomes ``size / crop_pct``, rounded down, and the middle is cut out.

    Raises:
        InputError: when it does what a transform of ours cannot say.
    """
    channels, height, width = data["input_size"]
    resample = data["interpolation"]
    if channels not in (1, 3) or resample not in ("nearest", "bilinear", "bicubic", "lanczos"):
        raise unsaid(f"{channels} channels, {resample} interpolation")
    if data["crop_mode"] == "squash" and data["crop_pct"] == 1:
        return ImageTransform((height, width), resample=cast("Resample", resample), channels=channels)
    if data["crop_mode"] != "center" or height != width:
        raise unsaid(f"crop mode {data['crop_mode']}, {height}x{width} at {data['crop_pct']}")
    shorter = math.floor(height / data["crop_pct"])
    return ImageTransform((height, width), "crop", shorter, cast("Resample", resample), channels)


def unsaid(what: str) -> InputError:
    """Return the error for what a transform of ours cannot say."""
    return InputError(f"timm prepares its inputs by {what}, which is not supported; use its factory by import path")


def timm() -> ModuleType:
    """Return timm.

    Raises:
        MissingExtraError: when it is not installed, or the torchvision that it needs cannot be imported.
    """
    try:
        return optional("timm", "timm", "a network of timm's")
    except RuntimeError as error:
        raise MissingExtraError(
            f"timm cannot be imported, for torchvision does not fit torch: {str(error).splitlines()[0]}. Install the "
            "torchvision that was built for this torch"
        ) from error
