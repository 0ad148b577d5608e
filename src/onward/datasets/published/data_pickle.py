"""Data out of a pickle, none of which is run.

A pickle is a program for a stack machine. This one knows the words for plain data - numbers, text, bytes,
lists, tuples, dictionaries - and takes the names by which NumPy writes an array for mere symbols: nothing is
imported, nothing called, and any other word or name is refused.
"""

from __future__ import annotations

import io
import math
import pickletools
import warnings
from dataclasses import dataclass, field

import numpy as np

from onward.errors import InputError

ARRAY, TYPE, ENCODE = "numpy ndarray", "numpy dtype", "_codecs encode"
MAKERS = ("numpy.core.multiarray _reconstruct", "numpy._core.multiarray _reconstruct")
"""Where NumPy keeps the maker of an empty array: before and since its version 2."""

PLAIN = (
    "INT", "LONG", "LONG1", "BININT", "BININT1", "BININT2", "STRING", "BINSTRING", "SHORT_BINSTRING",
    "UNICODE", "BINUNICODE", "BINBYTES", "SHORT_BINBYTES",
)  # fmt: skip
FIXED = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
EMPTY = {"EMPTY_DICT": dict, "EMPTY_LIST": list, "EMPTY_TUPLE": tuple}
TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
GATHER = {"TUPLE": tuple, "LIST": list}


@dataclass(frozen=True)
class Symbol:
    """A name that the stream mentions, ``module attribute``; it stands for itself."""

    name: str

    def __str__(self) -> str:
        """Return the name as Python writes it."""
        return self.name.replace(" ", ".")


@dataclass(eq=False)
class ElementType:
    """A type of array elements; only unsigned bytes, ``u1``, are known."""


@dataclass(eq=False)
class Array:
    """An array under construction; ``values`` is uint8 once it is built."""

    values: np.ndarray | None = None


@dataclass
class Machine:
    """The stack, the marks in it (positions), and what was put by under a number."""

    stack: list[object] = field(default_factory=list)
    marks: list[int] = field(default_factory=list)
    memo: dict[object, object] = field(default_factory=dict)

    def pop(self) -> object:
        """Take the value on top."""
        if not self.stack:
            raise InputError("it takes a value where there is none")
        return self.stack.pop()

    def top(self) -> object:
        """Return the value on top and leave it there."""
        if not self.stack:
            raise InputError("it looks for a value where there is none")
        return self.stack[-1]

    def above_mark(self) -> list[object]:
        """Take all values above the last mark."""
        if not self.marks:
            raise InputError("it looks for a mark where there is none")
        start = self.marks.pop()
        values = self.stack[start:]
        del self.stack[start:]
        return values

    def step(self, word: str, given: object) -> None:
        """Obey one word of the stream with its argument."""
        if word in PLAIN:
            self.stack.append(given)
        elif word in FIXED:
            self.stack.append(FIXED[word])
        elif word in EMPTY:
            self.stack.append(EMPTY[word]())
        elif word in TUPLES:
            self.stack.append(tuple(reversed([self.pop() for _ in range(TUPLES[word])])))
        elif word in GATHER:
            self.stack.append(GATHER[word](self.above_mark()))
        elif word == "MARK":
            self.marks.append(len(self.stack))
        elif word in ("GLOBAL", "REDUCE", "BUILD"):
            self._symbolic(word, given)
        elif word in ("PUT", "BINPUT", "LONG_BINPUT"):
            self.memo[given] = self.top()
        elif word in ("GET", "BINGET", "LONG_BINGET"):
            if given not in self.memo:
                raise InputError(f"it looks for value {given}, which it never put by")
            self.stack.append(self.memo[given])
        elif word in ("APPEND", "APPENDS", "SETITEM", "SETITEMS", "DICT"):
            self._fill(word)
        elif word not in ("PROTO", "STOP"):
            raise InputError(f"it uses {word}, which plain data has no use for")

    def _fill(self, word: str) -> None:
        values = self.above_mark() if word in ("APPENDS", "SETITEMS", "DICT") else []
        if word == "DICT":
            self.stack.append({})
        elif word == "APPEND":
            values = [self.pop()]
        elif word == "SETITEM":
            values = [self.pop(), self.pop()][::-1]
        into = self.top()
        if isinstance(into, list) and word.startswith("APPEND"):
            into.extend(values)
        elif isinstance(into, dict) and not word.startswith("APPEND") and len(values) % 2 == 0:
            into.update(zip(map(_key, values[::2]), values[1::2], strict=True))
        else:
            raise InputError(f"it uses {word} on a {type(into).__name__} with {len(values)} values")

    def _symbolic(self, word: str, given: object) -> None:
        if word == "GLOBAL":
            symbol = Symbol(str(given))
            if symbol.name not in (ARRAY, TYPE, ENCODE, *MAKERS):
                raise InputError(f"it asks for {symbol}, which plain data has no use for")
            self.stack.append(symbol)
        elif word == "REDUCE":
            arguments, symbol = self.pop(), self.pop()
            self.stack.append(_meant(symbol, arguments))
        else:
            state = self.pop()
            _build(self.top(), state)


def read(stream: bytes) -> object:
    """Return the data that a pickle describes.

    Args:
        stream: the pickle, of protocol 0 to 3. Text of Python 2 is taken as Latin-1.

    Returns:
        A dictionary, list, tuple, number, text or bytes. Arrays, alone or as values of it, are uint8.

    Raises:
        InputError: when it is cut, or says anything but plain data.
    """
    machine = Machine()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", DeprecationWarning)  # of text with escapes that no writer makes
            for word, given, _ in pickletools.genops(io.BytesIO(stream)):
                machine.step(word.name, given)
    except InputError as error:
        raise InputError(f"its pickle is refused: {error}. Nothing of it was run") from error
    except (ValueError, OverflowError, DeprecationWarning) as error:
        raise InputError(f"it is not a whole pickle: {error}") from error
    if len(machine.stack) != 1:
        raise InputError(f"its pickle is refused: it ends with {len(machine.stack)} values instead of one")
    result = machine.stack[0]
    if isinstance(result, dict):
        return {key: _finished(value) for key, value in result.items()}
    return _finished(result)


def _key(value: object) -> str:
    if not isinstance(value, str | bytes):
        raise InputError(f"it uses a {type(value).__name__} as the key of a dictionary")
    return value if isinstance(value, str) else value.decode("latin-1")


def _meant(symbol: object, arguments: object) -> object:
    """Return what applying ``symbol`` would have made, known by its form."""
    match symbol, arguments:
        case Symbol(name), (Symbol("numpy ndarray"), (0,), _) if name in MAKERS:
            return Array()
        case Symbol("numpy dtype"), ("u1", _, _):
            return ElementType()
        case Symbol("_codecs encode"), (str(text), "latin1"):
            return text.encode("latin-1")
    applied = symbol if isinstance(symbol, Symbol) else type(symbol).__name__
    raise InputError(f"it applies {applied} in a way that no array of unsigned bytes needs")


def _build(target: object, state: object) -> None:
    match target, state:
        case ElementType(), (int(), "|", None, None, *_):
            return
        case Array(), (int(), tuple(shape), ElementType(), 0 | 1 as by_column, str() | bytes() as held):
            raw = held.encode("latin-1") if isinstance(held, str) else held
            sizes = [size for size in shape if type(size) is int and 0 <= size <= len(raw)]
            if len(sizes) == len(shape) <= 4 and math.prod(sizes) == len(raw):
                target.values = np.frombuffer(raw, np.uint8).reshape(sizes, order="F" if by_column else "C")
                return
            raise InputError(f"it gives an array of shape {shape} {len(raw)} bytes")
    raise InputError(f"it builds a {type(target).__name__} in a way that no array of unsigned bytes needs")


def _finished(value: object) -> object:
    if isinstance(value, Array):
        if value.values is None:
            raise InputError("its pickle is refused: it leaves an array empty")
        return value.values
    return value
