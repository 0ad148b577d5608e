"""What a source says of the form of its files: ``label=species``, ``columns=a,b``, ``size=64@channels=3``."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, cast

from onward.errors import InputError


@dataclass(frozen=True)
class Options:
    """How the files at a place are to be understood. What is left out is found by itself, or not wanted.

    Args:
        label: the column that holds the class.
        columns: the columns that are the input, numbers.
        path: the column that holds the paths of images.
        text: the column that holds texts.
        names: a file with the class names in the order of their ids.
        size: height and width to which images are resized, whatever their proportions.
        channels: into which these images are brought, 1 is grey and 3 colour; None leaves them.
    """

    label: str | None = None
    columns: tuple[str, ...] = ()
    path: str | None = None
    text: str | None = None
    names: str | None = None
    size: tuple[int, int] | None = None
    channels: Literal[1, 3] | None = None

    def __str__(self) -> str:
        """Return the text of a source after which these are its options."""
        said = {word: value for word, value in vars(self).items() if value}
        if self.columns:
            said["columns"] = ",".join(self.columns)
        if self.size:
            height, width = self.size
            said["size"] = f"{height}" if height == width else f"{height}x{width}"
        return "".join(f"@{word}={value}" for word, value in said.items())


def parse(text: str) -> tuple[str, object]:
    """Return the field of :class:`Options` that ``text``, WORD=VALUE, sets, and its value.

    Raises:
        InputError: when the value is none of that option's.
    """
    word, _, value = (piece.strip() for piece in text.partition("="))
    return word, OPTIONS[word](word, value)


def _one(word: str, value: str) -> str:
    if not value:
        raise InputError(f"{word} must name {'a file' if word == 'names' else 'a column'}, got {value!r}")
    return value


def _several(word: str, value: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in value.split(","))
    if not all(names) or len(set(names)) != len(names):
        raise InputError(f"{word} must be names with commas between them, each once, got {value!r}")
    return names


def _size(word: str, value: str) -> tuple[int, int]:
    form = re.fullmatch(r"([1-9]\d{0,4})(?:x([1-9]\d{0,4}))?", value)
    if not form:
        raise InputError(f"{word} must be pixels, such as 64, or HEIGHTxWIDTH, such as 96x128, got {value!r}")
    return int(form[1]), int(form[2] or form[1])


def _channels(word: str, value: str) -> Literal[1, 3]:
    if value not in ("1", "3"):
        raise InputError(f"{word} must be 1, grey, or 3, colour, got {value!r}")
    return cast("Literal[1, 3]", int(value))


OPTIONS: dict[str, Callable[[str, str], object]] = {
    "label": _one,
    "columns": _several,
    "path": _one,
    "text": _one,
    "names": _one,
    "size": _size,
    "channels": _channels,
}
"""What reads the value of each."""
