"""From the words of ``onward init`` to what a model's inputs are."""

from __future__ import annotations

from dataclasses import dataclass

from onward.errors import InputError, listed
from onward.schema import checked
from onward.transform import ImageTransform


@dataclass(frozen=True)
class InputWords:
    """What the command line says of a model's inputs; see ``onward init --help`` for each word."""

    shape: str = ""
    size: str = ""
    fit: str = ""
    shorter_side: int | None = None
    channels: int | None = None
    mean: str = ""
    std: str = ""
    length: int | None = None


def image_transform(words: InputWords) -> ImageTransform | None:
    """Return how images become inputs, as the words say; None where they say nothing.

    Raises:
        InputError: when a word cannot be read, or says more of a size that is not given.
    """
    said = {"fit": words.fit, "shorter_side": words.shorter_side, "channels": words.channels}
    given = {name: value for name, value in said.items() if value not in ("", None)}
    if words.size:
        if words.shape:
            raise InputError("--size and --shape both say what an input looks like; give one of them")
        if words.shorter_side is not None and words.fit != "crop":
            raise InputError("--shorter-side is for --fit crop, which resizes that side; squash resizes both")
        return checked(ImageTransform, {"size": pixels(words.size), **given}, "the images")
    if given:
        raise InputError(f"{listed(option(name) for name in given)} says more of --size; give that as well")
    return None


def option(name: str) -> str:
    """Return a field's name as one types it."""
    return f"--{name.replace('_', '-')}"


def pixels(text: str) -> tuple[int, int]:
    """Return the height and width that a text like 224 or 96x128 stands for."""
    parts = text.split("x")
    if len(parts) > 2 or not all(part.isdecimal() and int(part) for part in parts):
        raise InputError(f"--size wants a number of pixels, or height x width, like 224 or 96x128, got {text!r}")
    return (int(parts[0]), int(parts[-1]))


def numbers(text: str, option: str) -> tuple[float, ...]:
    """Return the numbers of a text, with commas between."""
    try:
        return tuple(float(part) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise InputError(f"{option} wants numbers with commas between, got {text!r}") from error


def sizes(text: str) -> tuple[int, ...]:
    """Return the shape that a text like 1,28,28 or 1x28x28 stands for."""
    parts = text.replace("x", ",").split(",")
    if not all(part.strip().isdecimal() and int(part) for part in parts):
        raise InputError(f"--shape wants whole numbers >= 1 with commas between, like 1,28,28, got {text!r}")
    return tuple(int(part) for part in parts)
