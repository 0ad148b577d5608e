"""Tables in files - CSV, Parquet, Arrow - read a few rows at a time, by pyarrow."""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from onward.datasets.arrays.paged import Paged
from onward.errors import InputError, listed, optional, repeated

if TYPE_CHECKING:
    from pyarrow import RecordBatch, Schema

SUFFIXES = (".csv", ".parquet")

BATCH = 256
"""Rows of Parquet that are read at a time: they may be images."""

MOST_A_BYTE = 1000
"""Rows that a byte of Parquet may stand for. Where they repeat there are many; data is not that much alike."""


@dataclass(frozen=True, eq=False)
class Table:
    """Columns that are read when they are asked for.

    Args:
        where: the file or folder, for messages.
        schema: names and types of the columns.
        names: the class names that are recorded for a column, by column.
        batches: gives the rows of some columns, piece by piece.
        paged: the files that the pieces are views of; where there are none, a piece is in memory.
    """

    where: Path
    schema: Schema
    names: Mapping[str, tuple[str, ...]]
    batches: Callable[[Sequence[str]], Iterator[RecordBatch]]
    paged: tuple[Paged, ...] = field(default=())

    def __post_init__(self) -> None:
        """Refuse column names that are no text or come twice."""
        try:
            columns = self.schema.names
        except UnicodeDecodeError as error:
            raise InputError(f"{self.where} has column names that are no text: {error}") from error
        if twice := repeated(columns):
            raise InputError(f"{self.where} has columns of the same name: {listed(twice)}")


def arrow(module: str = "pyarrow") -> ModuleType:
    """Return pyarrow, or a part of it.

    Raises:
        MissingExtraError: when it is not installed.
    """
    return optional(module, "data", "reading tables")


@contextmanager
def readable(path: Path, kind: str) -> Generator[None]:
    """Turn what pyarrow raises on a broken file into one error that names the file."""
    try:
        yield
    except InputError:
        raise
    except (OSError, ValueError, TypeError, NotImplementedError, arrow().ArrowException) as error:
        raise InputError(f"{path} cannot be read as {kind}: {error}") from error


def opened(path: Path) -> Table:
    """Return the table in a file, by the end of its name.

    Raises:
        InputError: when it is broken.
    """
    return csv(path) if path.suffix.lower() == ".csv" else parquet([path])


def csv(path: Path) -> Table:
    """Return a table of text with commas between its columns, whose first line names them.

    The first block of the file tells the columns' types; numbers are read in double precision.

    Raises:
        InputError: when it is empty or not of that form.
    """
    pyarrow, reader = arrow(), arrow("pyarrow.csv")
    parsing, number = reader.ParseOptions(newlines_in_values=True), pyarrow.float64()
    with readable(path, "CSV"):
        with path.open("rb") as file:
            start = file.read(2)
        if start in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            raise ValueError("it is UTF-16; save the file as UTF-8")
        first = reader.open_csv(path, parse_options=parsing).schema
        if garbled := [one.name for one in first if pyarrow.types.is_binary(one.type)]:
            raise ValueError(f"the column {garbled[0]!r} is no UTF-8 text; save the file as UTF-8")
        types = {one.name: number if _number(one.type) else one.type for one in first}

    def batches(columns: Sequence[str]) -> Iterator[RecordBatch]:
        form = reader.ConvertOptions(
            column_types=types, include_columns=list(columns), strings_can_be_null=True, null_values=_NULLS
        )
        with readable(path, "CSV"):
            yield from reader.open_csv(path, parse_options=parsing, convert_options=form)

    return Table(path, pyarrow.schema([(one.name, types[one.name]) for one in first]), {}, batches)


def parquet(paths: Sequence[Path], where: Path | None = None) -> Table:
    """Return the table in some Parquet files, one after another; all have the columns of the first.

    Raises:
        InputError: when one is broken.
    """
    reader = arrow("pyarrow.parquet")

    def open_(path: Path) -> Any:  # noqa: ANN401 - pyarrow brings no types
        return reader.ParquetFile(path, buffer_size=2**20, pre_buffer=False)

    for path in paths[1:]:
        with readable(path, "Parquet"), open_(path) as file:
            refuse_bomb(path, file.metadata)
    with readable(paths[0], "Parquet"), open_(paths[0]) as file:
        schema = file.schema_arrow
        refuse_bomb(paths[0], file.metadata)

    def batches(columns: Sequence[str]) -> Iterator[RecordBatch]:
        for path in paths:
            with readable(path, "Parquet"), open_(path) as file:
                if missing := [name for name in columns if name not in file.schema_arrow.names]:
                    raise InputError(f"{path} lacks the columns {listed(missing)}, which {paths[0].name} beside it has")
                for batch in file.iter_batches(BATCH, columns=list(columns)):
                    yield _valid(batch, columns)

    return Table(where or paths[0], schema, recorded(schema.metadata), batches)


def refuse_bomb(path: Path, metadata: Any) -> None:  # noqa: ANN401 - as above
    """Refuse a Parquet file that announces so many rows for its length that no data is like that.

    What a column announces is not asked: where its statistics lie, pyarrow 26 ends the process.

    Raises:
        InputError: with both numbers.
    """
    rows, length = metadata.num_rows, path.stat().st_size
    if rows > MOST_A_BYTE * length:
        raise InputError(f"{path} announces {rows:,} rows in {length:,} bytes: it is a bomb")


def stream(paths: Sequence[Path], where: Path, names: Mapping[str, tuple[str, ...]] | None = None) -> Table:
    """Return the table in some Arrow stream files, which are not loaded but mapped.

    Args:
        paths: of the files; all have the columns of the first.
        where: the folder, for messages.
        names: class names by column; None takes those in the files.

    Raises:
        InputError: when one is broken.
    """
    pyarrow, files, readers = arrow(), [], []
    for path in paths:
        with readable(path, "an Arrow stream"):
            files.append(Paged.at(path))
            readers.append(pyarrow.ipc.open_stream(pyarrow.py_buffer(files[-1].memory)).schema)

    def batches(columns: Sequence[str]) -> Iterator[RecordBatch]:
        for path, file in zip(paths, files, strict=True):
            with readable(path, "an Arrow stream"):
                for batch in pyarrow.ipc.open_stream(pyarrow.py_buffer(file.memory)):
                    yield _valid(batch, columns)

    found = recorded(readers[0].metadata) if names is None else names
    return Table(where, readers[0], found, batches, tuple(files))


def recorded(metadata: Mapping[bytes, bytes] | None) -> dict[str, tuple[str, ...]]:
    """Return the class names, by column, that Hugging Face writes into a schema's metadata, if they are there."""
    try:
        return class_names(json.loads((metadata or {})[b"huggingface"])["info"]["features"])
    except (KeyError, TypeError, ValueError, RecursionError):
        return {}


def class_names(features: object) -> dict[str, tuple[str, ...]]:
    """Return the class names, by column, in Hugging Face's description of columns."""
    described = features.items() if isinstance(features, Mapping) else ()
    names = {column: one.get("names") for column, one in described if isinstance(one, Mapping)}
    return {
        column: tuple(str(name) for name in held) for column, held in names.items() if isinstance(held, list) and held
    }


_NULLS = ["", "NA", "N/A", "NaN", "nan", "NULL", "null", "n/a"]


def _valid(batch: RecordBatch, columns: Sequence[str]) -> RecordBatch:
    """Return some columns of a piece, held to what their types promise: offsets may lie, text may be none."""
    chosen = batch.select(list(columns))
    chosen.validate(full=True)
    return chosen


def _number(kind: object) -> bool:
    types = arrow("pyarrow.types")
    return types.is_integer(kind) or types.is_floating(kind) or types.is_null(kind)
