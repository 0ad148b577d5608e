"""Augmentation of a whole batch of images, on the tensors as they are stored. Bytes stay bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Generator, Tensor

from onward.errors import InputError
from onward.settings import Augmentation


def flip(images: Tensor, draws: Generator) -> Tensor:
    """Mirror each image left to right with probability 1/2. images: (b, ch, h, w)."""
    chosen = (torch.rand(len(images), generator=draws) < 0.5).to(images.device)
    return torch.where(chosen[:, None, None, None], images.flip(-1), images)


def crop(images: Tensor, draws: Generator) -> Tensor:
    """Shift each image by up to an eighth of its height and width; what comes in is its own reflection."""
    b, ch, h, w = images.shape
    rows = reflected(shifted(b, h, draws), h).to(images.device)
    columns = reflected(shifted(b, w, draws), w).to(images.device)
    images = images.gather(2, rows[:, None, :, None].expand(b, ch, h, w))
    return images.gather(3, columns[:, None, None, :].expand(b, ch, h, w))


def shifted(b: int, length: int, draws: Generator) -> Tensor:
    """Return for each image the places it is read from along one side, (b, length), some of them outside."""
    most = length // 8
    offset = torch.randint(-most, most + 1, (b, 1), generator=draws)
    return torch.arange(length) + offset


def reflected(places: Tensor, length: int) -> Tensor:
    """Bring places outside [0, length) back in by reflection at the border, which is not repeated."""
    inside = places.abs()
    return torch.where(inside >= length, 2 * (length - 1) - inside, inside)


def cutout(images: Tensor, draws: Generator) -> Tensor:
    """Blank a square of a quarter of the side in each image, cut off at the border (DeVries & Taylor 2017)."""
    b, _, h, w = images.shape
    rows = inside_square(b, h, draws).to(images.device)
    columns = inside_square(b, w, draws).to(images.device)
    return images.masked_fill((rows[:, :, None] & columns[:, None, :])[:, None], 0)


def inside_square(b: int, length: int, draws: Generator) -> Tensor:
    """Return for each image which places along one side lie in its square, (b, length) bool."""
    side = max(1, length // 4)
    start = torch.randint(-(side // 2), length - side // 2, (b, 1), generator=draws)
    place = torch.arange(length)
    return (place >= start) & (place < start + side)


AUGMENTATIONS: dict[Augmentation, Callable[[Tensor, Generator], Tensor]] = {
    "flip": flip,
    "crop": crop,
    "cutout": cutout,
}


def augmented(images: Tensor, names: Sequence[Augmentation], draws: Generator) -> Tensor:
    """Apply the named augmentations, in order.

    Raises:
        InputError: when the inputs are not images.
    """
    if names and images.ndim != 4:
        shape = tuple(images.shape[1:])
        raise InputError(f"augment = {list(names)} works on images (channels, height, width), these inputs are {shape}")
    for name in names:
        images = AUGMENTATIONS[name](images, draws)
    return images
