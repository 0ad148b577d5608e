"""A column of encoded images: in memory, or in a file where it stays when it does not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

from onward.datasets.arrays.paged import Paged, no_room, temporary
from onward.datasets.tables.tabular import arrow

if TYPE_CHECKING:
    from pyarrow import Array, ChunkedArray


class Blobs:
    """The cells of a column of bytes, copied out when they are asked for."""

    def __init__(self, column: ChunkedArray) -> None:
        """Take a column of type binary."""
        self._column = column

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._column)

    def __getitem__(self, row: int) -> bytes | None:
        """Return the bytes of one cell; None where it is empty."""
        return self._column[int(row)].as_py()


class Gathered:
    """A column of bytes that comes piece by piece: held in memory up to a limit, beyond it in a temporary file."""

    def __init__(self, memory: int | None) -> None:
        """Start with nothing. memory: bytes; None where the pieces are views of a file already."""
        self._memory = memory
        self._pieces: list[Array] = []
        self._bytes = 0
        self._file: BinaryIO | None = None
        self._writer: Any = None

    def add(self, cells: Array) -> None:
        """Append some cells.

        Raises:
            InputError: when there is no room for the temporary file.
        """
        self._pieces.append(cells)
        self._bytes += cells.nbytes if self._memory is not None else 0
        if self._memory is not None and self._bytes > self._memory:
            self._write()

    def done(self) -> tuple[Blobs, Paged | None]:
        """Return the column, and the temporary file in which it lies, if it does; the file goes with the process."""
        pyarrow = arrow()
        if self._file is None:
            return Blobs(pyarrow.chunked_array(self._pieces, type=None if self._pieces else pyarrow.binary())), None
        self._write()
        self._writer.close()
        with self._file as file:
            file.flush()
            paged = Paged.of(file)
        held = pyarrow.ipc.open_stream(pyarrow.py_buffer(paged.memory)).read_all()
        return Blobs(held.column(0)), paged

    def _write(self) -> None:
        pyarrow = arrow()
        try:
            self._file = self._file or temporary()
            for piece in self._pieces:
                schema = pyarrow.schema([("cells", piece.type)])
                self._writer = self._writer or pyarrow.ipc.new_stream(self._file, schema)
                self._writer.write_batch(pyarrow.record_batch([piece], schema=schema))
        except OSError as error:
            raise no_room(error) from error
        self._pieces = []
