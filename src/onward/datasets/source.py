"""The text by which a user names examples: ``PLACE[:SPLIT][@WORD=VALUE]...``, and reading what it names.

``mnist:train@classes=0,1,2@shuffle=0@rows=0:2000`` is the first 2000 of a shuffle of MNIST's training images
of three classes: selections act from left to right. ``./birds.csv@label=species`` says of what form a file is;
such options stand anywhere among the selections. PLACE is the name of a data set or a path, which has a slash in it
or ends as its files do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

import torch

from onward.datasets import options, places, selection
from onward.datasets.arrays.numbers import Numbers
from onward.datasets.labels import Labels
from onward.datasets.names_file import class_names
from onward.datasets.options import OPTIONS, Options
from onward.datasets.published import layouts, named
from onward.datasets.raw import Raw, Taken
from onward.datasets.reading import Reading
from onward.datasets.selection import SELECTIONS, Selection
from onward.errors import InputError, counted, listed, together, unknown
from onward.transform import ImageTransform, TextTransform
from onward.types import Data, Examples, subset

WORDS = (*SELECTIONS, *OPTIONS)
START = re.compile(rf"@(?=\s*(?:{'|'.join(WORDS)})\s*=)")
"""Where a path ends: other ``@`` are a part of it."""


@dataclass(frozen=True)
class Source:
    """Where examples come from, as a record: ``Source.parse(str(source)) == source``.

    Args:
        place: the name of a data set, or the path of a file or a folder.
        split: the part of it; None is ``train`` where there are several.
        selections: what narrows it, in the order in which they act.
        options: how its files are to be understood.
    """

    place: str
    split: str | None = None
    selections: tuple[Selection, ...] = ()
    options: Options = field(default_factory=Options)

    @classmethod
    def parse(cls, text: str) -> Source:
        """Return the source that ``text`` stands for. Files are not looked at.

        Raises:
            InputError: naming everything that is wrong with the text at once.
        """
        address, pieces = _pieces(text.strip())
        place, split = _divided(address)
        problems, selections, said = _problems(place, split), [], {}
        for piece in pieces:
            try:
                word, value = _read(piece)
            except InputError as error:
                problems.append(str(error))
                continue
            if word in said:
                problems.append(f"{word} is said twice")
            elif word in OPTIONS:
                said[word] = value
            else:
                selections.append(value)
        if "channels" in said and "size" not in said:
            problems.append("channels stands beside a size, as in @size=32@channels=3")
        if problems:
            raise InputError(f"{counted(len(problems), 'problem')} in the source {text!r}: {together(problems)}")
        return cls(place, split, tuple(selections), Options(**said))

    def __str__(self) -> str:
        """Return the text that :meth:`parse` reads."""
        split = f":{self.split}" if self.split else ""
        return f"{self.place}{split}{self.options}" + "".join(f"@{selection}" for selection in self.selections)


def read(source: Source | str, data_dir: str | Path | None = None, reading: Reading | None = None) -> Data:
    """Return the examples that ``source`` names, under all class names of the set, whichever are selected.

    Args:
        source: the record or its text.
        data_dir: where data sets with a name are looked for; see :func:`onward.datasets.published.named.load`. A path
            in ``source`` is not looked for there.
        reading: how files are decoded, and what is done about those that cannot be used; None takes them as they
            are, and refuses.

    Returns:
        Examples in memory where they fit there; else data that stays as it lies until a batch takes from it.

    Raises:
        InputError: when the text is wrong, nothing is there, what is there is broken, or none is selected.
    """
    return taken(source, data_dir, reading).data


def taken(source: Source | str, data_dir: str | Path | None = None, reading: Reading | None = None) -> Taken:
    """Return the examples that ``source`` names as :func:`read` does, and the names of what was left out of the set.

    Raises:
        InputError: as :func:`read`.
    """
    source = Source.parse(source) if isinstance(source, str) else source
    reading = reading or Reading()
    if source.selections and _resized_after(source):
        plain = taken(replace(source, options=Options()), data_dir)
        return replace(_formed(cast(Examples, plain.data), source, reading), rows=plain.rows)
    every = _all(source, data_dir, reading)
    if not source.selections:
        return every
    rows = torch.arange(len(every.data))
    for each in source.selections:
        rows = each.chosen(rows, every.data)
    if not len(rows):
        raise InputError(f"{source} selects 0 of {len(every.data)} examples; widen its selections")
    return replace(
        every,
        data=subset(every.data, rows),
        rows=rows if every.rows is None else every.rows[rows],
        files=[every.files[row] for row in rows.tolist()] if every.files else (),
    )


def _pieces(text: str) -> tuple[str, list[str]]:
    address, *pieces = START.split(text)
    head, *more = address.split("@")
    if more and (_divided(head)[0] in named.NAMES or not _is_path(_divided(address)[0])):
        return head, [*more, *pieces]
    return address, pieces


def _read(piece: str) -> tuple[str, object]:
    word = piece.partition("=")[0].strip()
    if word not in WORDS:
        raise unknown("selection", word, WORDS)
    if word in OPTIONS:
        return options.parse(piece)
    return "", selection.parse(piece)


def _divided(address: str) -> tuple[str, str | None]:
    place, colon, split = address.rpartition(":")
    if not colon or re.search(r"[/\\]", split):  # such a colon is a part of the path
        return address, None
    return place, split


def _is_path(place: str) -> bool:
    return re.search(r"[/\\]", place) is not None or place.lower().endswith(places.SUFFIXES) or place in (".", "..")


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


def _all(source: Source, data_dir: str | Path | None, reading: Reading) -> Taken:
    said = source.options
    if source.place not in named.NAMES:
        names, reading = class_names(said.names) if said.names else (), in_channels(reading, said)
        return places.found(_path(source), source.split, said, reading).taken(reading, names, said.size)
    return _formed(named.load(source.place, source.split or "train", data_dir), source, reading)


def _formed(held: Examples, source: Source, reading: Reading) -> Taken:
    """Return examples of a data set with a name in the form that the source, or the model, wants."""
    said = source.options
    names = class_names(said.names) if said.names else ()
    if not (names or said.size or reading.transform):
        return Taken(held)
    inputs = Numbers(held.inputs.numpy(), Path(source.place))
    raw = Raw(inputs, Labels(held.targets.numpy(), None, held.classes), inputs.where)
    return raw.taken(in_channels(reading, said), names, said.size)


def _resized_after(source: Source) -> bool:
    """Say whether images are resized once they are selected: those of a data set with a name, under its own names."""
    return source.place in named.NAMES and source.options.size is not None and not source.options.names


def in_channels(reading: Reading, said: Options) -> Reading:
    """Return a reading by which images come grey or coloured, where a source says which; else as it is."""
    given = reading.transform
    if said.channels is None or said.size is None or isinstance(given, TextTransform):
        return reading
    form = ImageTransform(said.size) if given is None else given
    return replace(reading, transform=replace(form, channels=said.channels))


def _path(source: Source) -> Path:
    try:
        path = Path(source.place).expanduser()
        there = path.exists()
    except (OSError, RuntimeError) as error:  # a name that no file can have, a home that nobody has
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"the source {source} names no file or folder: {reason}") from error
    if not there:
        word = re.search(r"@\s*(\w+)\s*=", source.place)
        hint = f" ({unknown('selection', word[1], WORDS)})" if word else ""
        raise InputError(f"there is no file or folder {path}; the source {source} names it{hint}")
    return path
