"""A table as inputs and labels: which columns are meant, by what the source says, their names and their types."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from onward.datasets.arrays.numbers import Numbers
from onward.datasets.arrays.paged import Growing
from onward.datasets.images.encoded import Pictures
from onward.datasets.labels import Labels
from onward.datasets.options import Options
from onward.datasets.raw import Inputs, Raw
from onward.datasets.reading import Reading
from onward.datasets.tables import cells
from onward.datasets.tables.blobs import Gathered
from onward.datasets.tables.tabular import Table
from onward.datasets.tables.tokens import Tokens
from onward.errors import InputError, listed, unknown
from onward.transform import TextTransform

if TYPE_CHECKING:
    from pyarrow import Array, DataType

LABEL = ("label", "labels", "fine_label", "class", "target", "species", "y")
IMAGE = ("image", "img")
PATH = ("path", "file", "file_name", "filename", "image")
TEXT = ("text",)
"""The names by which a column is known where the source does not name it, the first choice first, in any case."""


def raw(table: Table, options: Options, reading: Reading) -> Raw:
    """Return the inputs and labels in a table.

    Raises:
        InputError: when columns are missing, ambiguous or not of the type that is wanted, or the file is broken.
    """
    refuse_unknown(table, options)
    label = label_column(table, options, reading)
    if isinstance(reading.transform, TextTransform):
        return _texts(table, label, _text_column(table, options), Tokens(reading.transform), reading.memory)
    if options.columns:
        return _numbers(table, label, options.columns, reading)
    if image := _image_column(table, options):
        return _images(table, label, image, reading)
    if path := path_column(table, options):
        return _paths(table, label, path)
    if text := options.text or _known(table, TEXT, cells.text_type):
        raise InputError(
            f"{table.where} holds texts, in the column {text!r}, but the model takes no text. "
            "Where other columns are the input, name them: @columns=COLUMN,..."
        )
    return _numbers(table, label, model_s(table, label, reading), reading)


def model_s(table: Table, label: str | None, reading: Reading) -> tuple[str, ...]:
    """Return the columns that the model takes, in its order; all but the class where nobody knows them yet.

    Raises:
        InputError: when the table lacks some of them.
    """
    missing = [name for name in reading.columns if name not in table.schema.names]
    if missing:
        raise InputError(
            f"{table.where} has no columns {listed(missing)}, which the model takes; it has "
            f"{listed(table.schema.names)}. Name them as they were, or say which are the input: @columns=COLUMN,..."
        )
    return reading.columns or tuple(name for name in table.schema.names if name != label)


def label_column(table: Table, options: Options, reading: Reading) -> str | None:
    """Return the column that holds the class; None where there is none and ``reading`` wants none.

    Raises:
        InputError: when one is wanted and none has a name by which it is known.
    """
    inputs = () if reading.labels else options.columns or reading.columns
    found = options.label or _known(table, LABEL, but=inputs)
    if found is None and reading.labels:
        raise InputError(
            f"{table.where} has the columns {listed(table.schema.names)}, but none of {listed(LABEL)}. "
            "Say which holds the class: @label=COLUMN"
        )
    return found


def path_column(table: Table, options: Options) -> str | None:
    """Return the column that holds the paths of images; None when there is none."""
    return _of_text(table, options.path) if options.path else _known(table, PATH, cells.text_type)


def refuse_unknown(table: Table, options: Options) -> None:
    """Refuse options that name a column the table does not have, or the same for the class and an input."""
    said = [options.label, options.path, options.text, *options.columns]
    if missing := [name for name in said if name and name not in table.schema.names]:
        raise InputError(f"{table.where}: " + "; ".join(str(unknown("column", n, table.schema.names)) for n in missing))
    if options.label in options.columns:
        raise InputError(f"{table.where}: {options.label!r} cannot be the class and an input at once")


def _known(
    table: Table, names: Iterable[str], kind: Callable[[DataType], bool] | None = None, but: Sequence[str] = ()
) -> str | None:
    """Return the first column that has one of the names, is of a kind, and is none of those that are left aside."""
    there = {one.name.lower(): one for one in table.schema if one.name not in but}
    fields = (there[name] for name in names if name in there)
    return next((field.name for field in fields if kind is None or kind(field.type)), None)


def _image_column(table: Table, options: Options) -> str | None:
    return None if options.path else _known(table, IMAGE, cells.blob_type)


def _text_column(table: Table, options: Options) -> str:
    found = options.text or _known(table, TEXT, cells.text_type)
    if found is None:
        raise InputError(
            f"the model takes text, but {table.where} has the columns {listed(table.schema.names)}. "
            "Say which holds it: @text=COLUMN"
        )
    return _of_text(table, found)


def _of_text(table: Table, column: str) -> str:
    kind = table.schema.field(column).type
    if not cells.text_type(kind):
        raise InputError(f"{table.where}: the column {column!r} holds {kind}, not text")
    return column


def _images(table: Table, label: str | None, image: str, reading: Reading) -> Raw:
    gathered = Gathered(None if table.paged else reading.memory)
    labels = []
    for batch in table.batches(_with(label, image)):
        gathered.add(cells.blobs(batch.column(0)))
        labels += batch.columns[1:]
    blobs, file = gathered.done()
    pictures = Pictures(blobs, table.where, table.paged or ((file,) if file else ()))
    return _with_labels(table, pictures, label, labels)


def _paths(table: Table, label: str | None, path: str) -> Raw:
    folder = table.where if table.where.is_dir() else table.where.parent
    files: list[str | None] = []
    labels = []
    for batch in table.batches(_with(label, path)):
        given = batch.column(0).to_pylist()
        if outside := [file for file in given if file is not None and _leads_out(file)]:
            raise InputError(
                f"{table.where}, the column {path!r}, names files that are not in the table's folder, as "
                f"{outside[0][:200]!r}; put the table into a folder above them, and name them from there"
            )
        files += [None if file is None else str(folder / file) for file in given]
        labels += batch.columns[1:]
    return _with_labels(table, Pictures(files, folder), label, labels)


def _leads_out(file: str) -> bool:
    return Path(file).is_absolute() or Path(os.path.normpath(file)).parts[:1] == (os.pardir,)


def _texts(table: Table, label: str | None, text: str, tokens: Tokens, memory: int) -> Raw:
    growing = Growing(memory)
    labels, missing = [], []
    for batch in table.batches(_with(label, text)):
        growing.add(tokens.of(batch.column(0).to_pylist()))
        missing.append(batch.column(0).is_null().to_numpy(zero_copy_only=False))
        labels += batch.columns[1:]
    values, file = growing.done()
    return _with_labels(table, Numbers(values, table.where, file, _joined(missing), tokens=True), label, labels)


def _numbers(table: Table, label: str | None, columns: Sequence[str], reading: Reading) -> Raw:
    _refuse_others(table, columns)
    growing = Growing(reading.memory)
    labels, missing = [], []
    for batch in table.batches(_with(label, *columns)):
        try:
            values, lacking = cells.numbers(batch.select(list(columns)))
            growing.add(values)
        except InputError as error:
            raise InputError(f"{table.where}, {listed(columns)}: {error}") from error
        missing.append(lacking)
        labels += batch.columns[len(columns) :]
    values, file = growing.done()
    found = _with_labels(table, Numbers(values, table.where, file, _joined(missing)), label, labels)
    return replace(found, columns=tuple(columns))


def _refuse_others(table: Table, columns: Sequence[str]) -> None:
    kinds = {name: table.schema.field(name).type for name in columns}
    way = "Choose those that are the input: @columns=COLUMN,..."
    if not kinds:
        raise InputError(f"{table.where} has no column but the class; there is no input")
    if others := [f"{name} ({kind})" for name, kind in kinds.items() if not cells.number_type(kind)]:
        raise InputError(f"{table.where} has columns that are no numbers: {listed(others)}. {way}")
    if len(kinds) > 1 and (lists := [name for name, kind in kinds.items() if cells.list_type(kind)]):
        raise InputError(f"{table.where} has columns of lists beside others: {listed(lists)}. {way}")


def _joined(pieces: Sequence[np.ndarray]) -> np.ndarray:
    return np.concatenate([np.zeros(0, bool), *pieces])


def _with(label: str | None, *columns: str) -> list[str]:
    return [*columns, *([] if label is None else [label])]


def _with_labels(table: Table, inputs: Inputs, label: str | None, pieces: Sequence[Array]) -> Raw:
    if label is None:
        return Raw(inputs, Labels.none(len(inputs)), table.where)
    try:
        return Raw(inputs, cells.labels(pieces, table.names.get(label, ())), table.where)
    except InputError as error:
        raise InputError(f"{table.where}, the column {label!r}: {error}") from error
