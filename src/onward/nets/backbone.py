"""What every backbone says of itself."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from onward.transform import ImageTransform, Transform


class Backbone(nn.Module):
    """What makes features. forward: (b, *shape) -> (b, d).

    Attributes:
        features: d.
        shape: of one input, without the batch; () when the network does not say.
    """

    features: int
    shape: tuple[int, ...] = ()

    @property
    def transform(self) -> Transform | None:
        """How files become such inputs: images of the stated shape; None where that is no image's."""
        return image_of(self.shape)

    def trains(self, name: str) -> bool:
        """Say whether an update moves a parameter, by its name; of an adapted network, the adapter's alone."""
        return True

    def spec(self) -> dict[str, Any]:
        """Return the network's shape as JSON: ``{"net": name, **arguments}``, from which ``build`` makes it."""
        raise NotImplementedError(f"{type(self).__name__} must say its shape")


def same_weights(one: nn.Module, other: nn.Module) -> bool:
    """Say whether two networks have the same parameters and buffers, bit for bit, where they lie on one device."""
    mine, theirs = one.state_dict(), other.state_dict()
    return mine.keys() == theirs.keys() and all(torch.equal(mine[name], theirs[name]) for name in mine)


def image_of(shape: tuple[int, ...]) -> ImageTransform | None:
    """Return the transform that makes images of a shape (channels, height, width); None where it is no image's.

    >>> image_of((1, 8, 8))
    ImageTransform(size=(8, 8), fit='squash', shorter_side=None, resample='bilinear', channels=1)
    """
    if len(shape) != 3 or shape[0] not in (1, 3):
        return None
    return ImageTransform(size=(shape[1], shape[2]), channels=shape[0])


def channels_last(images: Tensor) -> Tensor:
    """Return images, (b, ch, h, w), with the channels of a pixel side by side in memory.

    Convolutions and norms that follow keep that order, in which a step is faster on a CPU
    (``benchmarks/channels_last.py``). Values are the same; sums run in another order. Not for a network with 1x1
    convolutions of stride 2, as in the shortcuts of a ResNet: from 4 to 8 channels their backward pass wrote past its
    memory (torch 2.13 on a CPU).
    """
    return images.contiguous(memory_format=torch.channels_last)
