"""From what files say of classes - names, ids, nothing - to class ids under names."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np

from onward.errors import InputError, listed, unknown

MOST_UNNAMED = 10_000
"""Class ids without names must stay below this; a greater one is more likely not a class id at all."""

NONE = -1
"""In the place of a class id: the example has none."""


@dataclass(frozen=True, eq=False)
class Labels:
    """The class of each example, as it lies in the file.

    Args:
        codes: (n,) int64, class ids, or places in ``words`` where there are any; -1 where an example has no class.
        words: what the file says in the place of ids, in order, each once.
        classes: the name of each class id, where the file records them.
    """

    codes: np.ndarray
    words: tuple[str, ...] | None = None
    classes: tuple[str, ...] = ()

    @classmethod
    def none(cls, count: int) -> Labels:
        """Return the labels of examples that have no class."""
        return cls(np.full(count, NONE, np.int64))

    @classmethod
    def of(cls, values: np.ndarray, classes: tuple[str, ...] = ()) -> Labels:
        """Return ``values``, (n,) whole numbers or text, as labels.

        Raises:
            InputError: when they are neither.
        """
        if values.ndim == 2 and values.shape[1] == 1:
            values = values[:, 0]
        if values.ndim != 1 or values.dtype.kind not in "biuU":
            kind = f"{values.dtype} of shape {values.shape}"
            raise InputError(f"targets must be one class id or class name each, got {kind}")
        if values.dtype.kind != "U":
            return cls(values.astype(np.int64), None, classes)
        names, codes = np.unique(text(values), return_inverse=True)
        return cls(codes.astype(np.int64), tuple(str(name) for name in names), classes)

    def numbered(self, names: tuple[str, ...] = ()) -> tuple[np.ndarray, tuple[str, ...]]:
        """Return class ids, (n,) int64 with -1 where there is none, and the name of each id.

        Args:
            names: of the class ids, from a file of names; they go before those that are recorded.

        Raises:
            InputError: when a label is none of the names.
        """
        classes = names or self.classes
        if self.words is None:
            return self.codes, classes or digits(int(self.codes.max(initial=NONE)))
        if not classes:
            return self.codes, self.words
        return self._looked_up(self._ids(classes)), classes

    def _ids(self, classes: tuple[str, ...]) -> list[int]:
        """Return the class id that each word stands for."""
        place, words = {name: k for k, name in enumerate(classes)}, self.words or ()
        if words and not place.keys() & set(words) and all(word.isdecimal() and len(word) < 10 for word in words):
            return [int(word) for word in words]  # numbers as text, as the names of folders are
        if missing := [word for word in words if word not in place]:
            said = "; ".join(str(unknown("class", word, classes)) for word in missing[:3])
            raise InputError(f"the labels name classes that the class names lack: {listed(missing)}. {said}")
        return [place[word] for word in words]

    def _looked_up(self, ids: list[int]) -> np.ndarray:
        return np.array([*ids, NONE], np.int64)[self.codes]  # the code -1 finds the last


def text(values: np.ndarray) -> np.ndarray:
    """Return an array, perhaps of text, as it is.

    Raises:
        InputError: when a file put numbers into it that stand for no character.
    """
    points = np.ascontiguousarray(values).view(f"{values.dtype.byteorder}u4") if values.dtype.kind == "U" else None
    if points is not None and points.max(initial=0) > sys.maxunicode:
        raise InputError("names must be text, got numbers that stand for no character; copy or make the file again")
    return values


def digits(most: int) -> tuple[str, ...]:
    """Return the names of class ids without names, 0 to ``most``: their digits.

    Raises:
        InputError: when the greatest is too great to be one.
    """
    if most >= MOST_UNNAMED:
        raise InputError(
            f"the greatest target is {most}; without class names it must be below {MOST_UNNAMED}. "
            "Count the classes from 0, or name them."
        )
    return tuple(str(k) for k in range(most + 1))
