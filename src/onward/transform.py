"""How what lies in a file becomes a model's input: plain values, recorded with the model that wants them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from onward.errors import hold

Fit = Literal["squash", "crop"]
Resample = Literal["nearest", "bilinear", "bicubic", "lanczos"]


@dataclass(frozen=True)
class ImageTransform:
    """From an image of any size to (channels, height, width) bytes. Mean and standard deviation are the model's part.

    Args:
        size: height and width of the input.
        fit: ``squash`` resizes to that size whatever the proportions; ``crop`` resizes the shorter side and cuts out
            the middle.
        shorter_side: to which ``crop`` resizes it; None is the larger of ``size``.
        resample: how pixels are interpolated.
        channels: 1 is grey, 3 is colour.

    Raises:
        InputError: naming every field that is out of its range.
    """

    size: tuple[int, int]
    fit: Fit = "squash"
    shorter_side: int | None = None
    resample: Resample = "bilinear"
    channels: Literal[1, 3] = 3

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    def __post_init__(self) -> None:
        """Refuse values outside their ranges."""
        rules = {
            "size must be two whole numbers >= 1": len(self.size) == 2 and min(self.size) >= 1,
            "fit must be squash or crop": self.fit in ("squash", "crop"),
            "shorter_side must be >= the larger of size, or left out": self.shorter_side is None
            or self.shorter_side >= max(self.size),
            "resample must be nearest, bilinear, bicubic or lanczos": self.resample
            in ("nearest", "bilinear", "bicubic", "lanczos"),
            "channels must be 1 or 3": self.channels in (1, 3),
        }
        hold(rules, vars(self))

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of one input: channels, height, width."""
        return (self.channels, *self.size)


@dataclass(frozen=True)
class TextTransform:
    """From a text to token ids, (length,) int32.

    Args:
        tokenizer: a tokenizer as the library ``tokenizers`` writes it: JSON.
        length: tokens of an input; longer texts are cut, shorter ones padded.
        pad: the id of the token that pads.
    """

    tokenizer: str
    length: int
    pad: int = 0


Transform = ImageTransform | TextTransform
