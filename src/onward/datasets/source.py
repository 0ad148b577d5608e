"""The text by which a user names examples: ``PLACE[:SPLIT][@SELECTION]...``, and reading what it names.

``mnist:train@classes=0,1,2@shuffle=0@rows=0:2000`` is the first 2000 of a shuffle of MNIST's training images
of three classes: selections act from left to right. PLACE is the name of a data set or a path, which has a
slash in it or ends in ``.npz``, and has no ``@`` in it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import torch

from onward.datasets import image_folder, layouts, named, npz
from onward.datasets.selection import Selection
from onward.datasets.selection import parse as parse_selection
from onward.errors import InputError, counted, listed, unknown
from onward.types import Examples


@dataclass(frozen=True)
class Source:
    """Where examples come from, as a record: ``Source.parse(str(source)) == source``.

    Args:
        place: the name of a data set, or the path of an ``.npz`` file or a folder.
        split: the part of it; None is ``train`` where there are several.
        selections: what narrows it, in the order in which they act.
    """

    place: str
    split: str | None = None
    selections: tuple[Selection, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Source:
        """Return the source that ``text`` stands for. Files are not looked at.

        Raises:
            InputError: naming everything that is wrong with the text at once.
        """
        address, *pieces = text.strip().split("@")
        place, split = _divided(address)
        problems, selections = _problems(place, split), []
        for piece in pieces:
            try:
                selections.append(parse_selection(piece))
            except InputError as error:
                problems.append(str(error))
        if problems:
            raise InputError(f"{counted(len(problems), 'problem')} in the source {text!r}: " + "; ".join(problems))
        return cls(place, split, tuple(selections))

    def __str__(self) -> str:
        """Return the text that :meth:`parse` reads."""
        split = f":{self.split}" if self.split else ""
        return f"{self.place}{split}" + "".join(f"@{selection}" for selection in self.selections)


def read(source: Source | str, data_dir: str | Path | None = None) -> Examples:
    """Return the examples that ``source`` names, under all class names of the set, whichever are selected.

    Args:
        source: the record or its text.
        data_dir: where data sets with a name are looked for; see :func:`onward.datasets.named.load`. A path
            in ``source`` is not looked for there.

    Raises:
        InputError: when the text is wrong, nothing is there, what is there is broken, or none is selected.
    """
    source = Source.parse(source) if isinstance(source, str) else source
    examples = _all(source, data_dir)
    if not source.selections:
        return examples
    rows = torch.arange(len(examples))
    for selection in source.selections:
        rows = selection.chosen(rows, examples)
    if not len(rows):
        raise InputError(f"{source} selects 0 of {len(examples)} examples; widen its selections")
    return Examples(examples.inputs[rows], examples.targets[rows], examples.classes)


def _divided(address: str) -> tuple[str, str | None]:
    place, colon, split = address.rpartition(":")
    if not colon or re.search(r"[/\\]", split):  # such a colon is a part of the path
        return address, None
    return place, split


def _is_path(place: str) -> bool:
    return re.search(r"[/\\]", place) is not None or place.endswith(".npz") or place in (".", "..")


def _problems(place: str, split: str | None) -> list[str]:
    problems = []
    by_name = place in named.NAMES
    if not place:
        problems.append(f"it names no data set and no path; there are: {listed(named.NAMES)}")
    elif not by_name and not _is_path(place):
        missing = unknown("data set", place, named.NAMES)
        problems.append(f"{missing} (a path has a slash in it: ./{place})")
    if split is not None and not re.fullmatch(r"\w+", split):
        problems.append(f"a split is one word, got {split!r}")
    elif by_name and split is not None and split not in layouts.SPLITS:
        problems.append(str(unknown("split", split, layouts.SPLITS)))
    return problems


def _all(source: Source, data_dir: str | Path | None) -> Examples:
    if source.place in named.NAMES:
        return named.load(source.place, source.split or "train", data_dir)
    path = Path(source.place).expanduser()
    if path.is_dir():
        return _in_folder(path, source.split)
    if not path.exists():
        raise InputError(f"there is no file or folder {path}; the source {source} names it")
    if path.suffix != ".npz":
        raise InputError(f"{path} is no source; wanted .npz, a folder or one of {listed(named.NAMES)}")
    return npz.read_file(path, source.split).examples()


def _in_folder(folder: Path, split: str | None) -> Examples:
    held = layouts.splits(folder)
    if not held:
        return image_folder.read(folder, split).examples()
    part = layouts.found(folder, split or "train")
    if part is None:
        raise InputError(f"{folder} has no {split or 'train'} part, only {listed(held)}: {folder}:{held[0]}")
    return part.examples()
