"""The cells of a table as inputs and labels: encoded images, numbers, lists of numbers, class names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from onward.datasets.labels import NONE, Labels
from onward.datasets.tables.tabular import arrow
from onward.errors import InputError, listed

if TYPE_CHECKING:
    from pyarrow import Array, ChunkedArray, DataType, RecordBatch


def blob_type(kind: DataType) -> bool:
    """Return whether a column holds files: bytes, or as Hugging Face keeps them, beside their path."""
    types = arrow("pyarrow.types")
    if types.is_struct(kind):
        return kind.get_field_index("bytes") >= 0 and blob_type(kind.field("bytes").type)
    return types.is_binary(kind) or types.is_large_binary(kind) or types.is_null(kind)


def blobs(column: Array) -> Array:
    """Return the bytes of each cell of such a column."""
    if arrow("pyarrow.types").is_struct(column.type):
        return arrow("pyarrow.compute").struct_field(column, "bytes")
    return column


def number_type(kind: DataType) -> bool:
    """Return whether a column holds a number, or lists of numbers, in each row."""
    types = arrow("pyarrow.types")
    kind = getattr(kind, "storage_type", kind)
    if list_type(kind):
        return number_type(kind.value_type)
    return types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind) or types.is_decimal(kind)


def list_type(kind: DataType) -> bool:
    """Return whether a column holds lists."""
    types, kind = arrow("pyarrow.types"), getattr(kind, "storage_type", kind)
    return types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind)


def numbers(batch: RecordBatch) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of a piece of a table as inputs, and which of them lack a value.

    Args:
        batch: columns of numbers; or one of lists, all of the same length.

    Returns:
        (b, columns) float32; of lists (b, *shape), bytes where they hold bytes, else float32; and (b,) bool.
    """
    if batch.num_columns == 1 and list_type(batch.schema.types[0]):
        return _unnested(batch.column(0))
    values = np.empty((batch.num_rows, batch.num_columns), np.float32)
    for place, column in enumerate(batch.columns):
        values[:, place] = _floats(column)
    return values, np.asarray(np.isnan(values).any(axis=1))


def _floats(column: Array) -> np.ndarray:
    pyarrow = arrow()
    with np.errstate(over="ignore"):  # what is too great for float32 becomes infinite and is counted
        return column.cast(pyarrow.float64(), safe=False).to_numpy(zero_copy_only=False).astype(np.float32)


def _unnested(column: Array) -> tuple[np.ndarray, np.ndarray]:
    pyarrow, compute = arrow(), arrow("pyarrow.compute")
    column = getattr(column, "storage", column)
    missing = column.is_null().to_numpy(zero_copy_only=False)
    column, shape = column.drop_null(), []
    while list_type(column.type):
        lengths = compute.unique(compute.list_value_length(column)).to_pylist()
        if len(lengths) != 1 or not lengths[0]:
            raise InputError(f"lists must have one length, and not be empty, got {listed(sorted(map(str, lengths)))}")
        shape.append(lengths[0])
        column = column.flatten()
    exact = column.type == pyarrow.uint8() and not column.null_count
    values = column.to_numpy(zero_copy_only=False) if exact else _floats(column)
    held = np.zeros((len(missing), *shape), values.dtype)
    held[~missing] = values.reshape(-1, *shape)
    return held, missing


def text_type(kind: DataType) -> bool:
    """Return whether a column holds text."""
    types = arrow("pyarrow.types")
    return types.is_string(kind) or types.is_large_string(kind)


def labels(pieces: Sequence[Array], classes: tuple[str, ...]) -> Labels:
    """Return a column of class ids or class names as labels; an empty cell is none, and so are NaN and "".

    Args:
        pieces: of the column.
        classes: the name of each class id, where they are recorded.

    Raises:
        InputError: when it holds something else.
    """
    pyarrow = arrow()
    types, column = pyarrow.types, pyarrow.chunked_array(pieces, type=None if pieces else pyarrow.int64())
    if types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if types.is_integer(column.type) or types.is_floating(column.type) or types.is_null(column.type):
        return Labels(_ids(column), None, classes)
    if types.is_nested(column.type) or types.is_binary(column.type) or types.is_large_binary(column.type):
        raise InputError(f"a class must be a whole number or a name, got {column.type}")
    return _words(column.cast(pyarrow.string()), classes)


def _ids(column: ChunkedArray) -> np.ndarray:
    # Where one is missing, a column of ids is often one of floats.
    values = column.cast(arrow().float64(), safe=False).to_numpy()
    missing = np.isnan(values)
    if wrong := sorted(set(values[~missing & ((values % 1 != 0) | (abs(values) >= 2**53))].tolist())):
        raise InputError(f"a class must be a whole number or a name, got {wrong[0]}")
    return np.where(missing, NONE, values).astype(np.int64)


def _words(column: ChunkedArray, classes: tuple[str, ...]) -> Labels:
    compute = arrow("pyarrow.compute")
    words = tuple(sorted(filter(None, compute.unique(column).to_pylist())))
    places = compute.index_in(column, value_set=arrow().array(words, column.type))
    return Labels(places.fill_null(NONE).to_numpy().astype(np.int64), words, classes)
