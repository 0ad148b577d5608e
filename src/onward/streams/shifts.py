"""Changes of the domain: the same classes, seen otherwise.

A shift is a value, a function of inputs with a name. It changes each example by itself, so that a part of the
data, shifted, is that part of the shifted data.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample

from onward.errors import InputError
from onward.rng import generator
from onward.types import Batch, Data, Examples


class Shift(Protocol):
    """What changes the inputs of a domain. inputs: (n, *shape), uint8 or float; shape and dtype stay."""

    @property
    def name(self) -> str:
        """Return the name of the domain."""
        ...

    def __call__(self, inputs: Tensor) -> Tensor:
        """Return the inputs as they are in this domain."""
        ...


@dataclass(frozen=True)
class Unshifted:
    """The domain as it is."""

    name: str = "as it is"

    def __call__(self, inputs: Tensor) -> Tensor:
        """Return ``inputs``."""
        return inputs


@dataclass(frozen=True)
class Rotation:
    """Images turned about their centre, between pixels bilinear, with zeros where nothing was.

    A multiple of 360 degrees is exactly the identity. uint8 is rounded to the nearest.

    Args:
        degrees: counter-clockwise, finite.
    """

    degrees: float

    def __post_init__(self) -> None:
        """Refuse what is no angle."""
        if not math.isfinite(self.degrees):
            raise InputError(f"a rotation's angle must be a finite number of degrees, got {self.degrees}")

    @property
    def name(self) -> str:
        """Return the name of the domain."""
        return f"rotated {self.degrees:g}°"

    def __call__(self, inputs: Tensor) -> Tensor:
        """Return the images, turned. inputs: (n, channels, height, width)."""
        if inputs.ndim != 4:
            came = f"inputs of shape {tuple(inputs.shape)}"
            raise InputError(f"only images, (n, channels, height, width), can be rotated; got {came}")
        if self.degrees % 360 == 0:
            return inputs
        precise = torch.promote_types(inputs.dtype, torch.float32)
        grid = self._grid(*inputs.shape[-2:]).to(inputs.device, precise)
        turned = []
        for images in inputs.split(1024):  # bounds the copies in float
            # All images share one grid, so they can pass as the channels of a single one.
            planes = grid_sample(images.to(precise).flatten(0, 1)[None], grid, align_corners=False)
            turned.append(_as(planes.view_as(images), inputs.dtype))
        return torch.cat(turned)

    def _grid(self, height: int, width: int) -> Tensor:
        """Return where each pixel comes from, (1, height, width, 2) float64, in units of half the image."""
        angle = math.radians(self.degrees)
        cosine, sine, ratio = math.cos(angle), math.sin(angle), height / width
        turn = [[cosine, -sine * ratio, 0.0], [sine / ratio, cosine, 0.0]]
        output_to_input = torch.tensor([turn], dtype=torch.float64)
        return affine_grid(output_to_input, [1, 1, height, width], align_corners=False)


@dataclass(frozen=True)
class Permutation:
    """Pixels in another order, the same for all examples, and for all channels of an image.

    Args:
        number: which of the seed's permutations.
        seed: of the permutations.
    """

    number: int
    seed: int

    @property
    def name(self) -> str:
        """Return the name of the domain."""
        return f"permuted {self.number}"

    def __call__(self, inputs: Tensor) -> Tensor:
        """Return the inputs in another order of pixels. inputs: (n, channels, height, width) or (n, d)."""
        pixels = inputs.flatten(2 if inputs.ndim > 2 else 1)  # (n, channels, height · width) or (n, d)
        order = torch.randperm(pixels.shape[-1], generator=generator(self.seed, "permuted", self.number))
        return pixels[..., order.to(inputs.device)].view_as(inputs)


@dataclass(frozen=True)
class Inversion:
    """Light and dark exchanged: 255 − x in uint8, 1 − x in floats, which must lie in [0, 1]."""

    name: str = "inverted"

    def __call__(self, inputs: Tensor) -> Tensor:
        """Return the negatives."""
        return _brightest(inputs, self.name) - inputs


@dataclass(frozen=True)
class Brightening:
    """Another exposure, as of another scanner: gain · x + offset · brightest, cut off at 0 and at brightest.

    The brightest is 255 in uint8, and 1 in floats, which must lie in [0, 1].

    Args:
        gain: of the contrast; 1 leaves it.
        offset: added, as a share of the brightest; 0 adds nothing.
    """

    gain: float = 0.7
    offset: float = 0.2

    @property
    def name(self) -> str:
        """Return the name of the domain."""
        return f"brightened {self.gain:g}x{self.offset:+g}"

    def __call__(self, inputs: Tensor) -> Tensor:
        """Return the inputs at the other exposure."""
        top = _brightest(inputs, self.name)
        precise = inputs.to(torch.promote_types(inputs.dtype, torch.float32))
        return _as((self.gain * precise + self.offset * top).clamp(0, top), inputs.dtype)


def rotated(angles: Sequence[float]) -> tuple[Shift, ...]:
    """Return one rotation for each of ``angles``, in degrees, counter-clockwise."""
    return tuple(Rotation(float(angle)) for angle in angles)


def drawn_angles(parts: int, seed: int) -> list[float]:
    """Return so many angles of ``seed``, in degrees, evenly distributed in [0, 180)."""
    drawn = torch.rand(parts, dtype=torch.float64, generator=generator(seed, "rotated", "angles"))
    return (180 * drawn).tolist()


def permuted(parts: int, seed: int, identity_first: bool = True) -> tuple[Shift, ...]:
    """Return ``parts`` pixel permutations of ``seed``, the first the identity unless that is not wanted."""
    drawn = tuple(Permutation(number, seed) for number in range(parts))
    return (Unshifted(), *drawn[1:]) if identity_first and parts else drawn


def shift_named(name: str) -> Shift | None:
    """Return the shift ``inverted``, ``brightened``, or ``rotated 30`` (any degrees); None for another."""
    kind, _, degrees = name.strip().removesuffix("°").partition(" ")
    if kind == "rotated":
        try:
            return Rotation(float(degrees))
        except ValueError:  # no number, or not a finite one
            return None
    return {"inverted": Inversion(), "brightened": Brightening()}.get(name)


@dataclass(frozen=True, eq=False)
class Shifted:
    """Data that stays where it lies; each batch is shifted when it is taken."""

    data: Data
    shift: Shift

    @property
    def targets(self) -> Tensor:
        """Return the class ids, (n,) int64."""
        return self.data.targets

    @property
    def classes(self) -> tuple[str, ...]:
        """Return the name of each class id."""
        return self.data.classes

    def __len__(self) -> int:
        """Return n."""
        return len(self.data)

    def take(self, rows: Tensor) -> Batch:
        """Return the examples of ``rows``, shifted."""
        batch = self.data.take(rows)
        return Batch(self.shift(batch.inputs), batch.targets)


def shifted(data: Data, shift: Shift) -> Data:
    """Return ``data`` under ``shift``: at once when it lies in memory, else batch by batch as it is taken."""
    if isinstance(shift, Unshifted):
        return data
    return replace(data, inputs=shift(data.inputs)) if isinstance(data, Examples) else Shifted(data, shift)


def _as(values: Tensor, dtype: torch.dtype) -> Tensor:
    """Return ``values`` as ``dtype``, rounded to the nearest when that has no fractions."""
    return (values if dtype.is_floating_point else values.round()).to(dtype)


def _brightest(inputs: Tensor, name: str) -> int:
    """Return the largest value a pixel can have; floats outside [0, 1] are refused: theirs is not known."""
    if inputs.dtype == torch.uint8:
        return 255
    if len(inputs) and not (inputs.min() >= 0 and inputs.max() <= 1):
        seen = f"{float(inputs.min()):g} to {float(inputs.max()):g}"
        raise InputError(f"the shift {name!r} needs uint8 inputs, or floats in [0, 1]; got {seen}. Scale them first")
    return 1
