"""Changes that know what a text says - JSON, TOML, a table: it stays one, and says something else."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator
from typing import Any

from tests.hostile.mutations import Mutation

STRANGE: list[Any] = [
    None, True, False, 0, -1, 1, 3, 2**31, 2**53, 2**63, 2**64, 10**12, 10**400, 0.5, -0.0, 1e308, float("nan"),
    float("inf"), "", "\ud800", "\x00", "../bait.png", "/etc/passwd", "nan", "1" * 5000, "a" * 70_000, [], {}, [[]],
    [None], {"": None}, {"a": {"b": []}}, [0] * 10_000, {str(k): k for k in range(2000)}, "os:mkdir", "builtins:exec",
    "identity", "mlp", "cnn",
]  # fmt: skip


def places(values: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to each value within nested ones."""
    yield path
    inner = values.items() if isinstance(values, dict) else enumerate(values) if isinstance(values, list) else ()
    for key, value in inner:
        yield from places(value, (*path, key))


def within(values: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        values = values[key]
    return values


def revalued(values: Any, draws: random.Random) -> Any:
    """Nested values with one of them another, gone, under another name, doubled, or wrapped."""
    paths = list(places(values))
    path = draws.choice(paths)
    if not path:
        return draws.choice(STRANGE)
    holder, key = within(values, path[:-1]), path[-1]
    kind = draws.randrange(6)
    if kind == 0:
        del holder[key]
    elif kind == 1:
        holder[key] = within(values, draws.choice([each for each in paths if each[: len(path)] != path]))
    elif kind == 2 and isinstance(holder, dict):
        holder[draws.choice([str(key)[:-1], f"{key}x", "", "\ud800", "__class__", "a" * 5000])] = holder.pop(key)
    elif kind == 3 and isinstance(holder, list):
        holder += [holder[key]] * draws.choice([1, 50])
    elif kind == 4:
        holder[key] = draws.choice([[holder[key]], {"a": holder[key]}, str(holder[key])[:5000]])
    else:
        holder[key] = draws.choice(STRANGE)
    return values


def as_json(raw: bytes, draws: random.Random) -> bytes:
    """JSON with other values, of any kind that JSON has and some that it has not."""
    try:
        values = revalued(json.loads(raw), draws)
        text = json.dumps(values, ensure_ascii=draws.random() < 0.8, indent=draws.choice([None, 1]))
    except (ValueError, RecursionError):
        return raw
    return text.encode(errors="surrogatepass")


def with_a_key_twice(raw: bytes, draws: random.Random) -> bytes:
    """JSON in which one object has a key a second time, with another value."""
    keys = list(re.finditer(rb'"([^"\\]{1,40})"\s*:', raw))
    if not keys:
        return raw
    one, value = draws.choice(keys), json.dumps(draws.choice(STRANGE)).encode()
    return raw[: one.start()] + one.group() + value + b"," + raw[one.start() :]


JSON: tuple[Mutation, ...] = (as_json, as_json, with_a_key_twice)

TOML_VALUES = [
    "", "0", "-1", "1e999", "nan", "-inf", "0x7fffffffffffffff", "9" * 5000, "true", "''", '"\\ud800"', '"""', "[]",
    "[[]]", "[1, 'a']", "{}", "{a = 1}", "1979-05-27", "'digits:train'", "'../bait.png'", "[" * 2000, "'x' * 3",
    "10000000000000",
]  # fmt: skip


def as_toml(raw: bytes, draws: random.Random) -> bytes:
    """TOML with a line's value another, or a line or a table's head elsewhere or twice."""
    lines = raw.decode("utf-8", "replace").split("\n")
    place, kind = draws.randrange(len(lines)), draws.randrange(5)
    name, equals, _ = lines[place].partition("=")
    if equals and kind < 3:
        lines[place] = f"{name}= {draws.choice(TOML_VALUES)}"
    elif kind == 3:
        lines.insert(draws.randrange(len(lines)), lines[place])
    else:
        lines.insert(draws.randrange(len(lines)), lines.pop(place))
    return "\n".join(lines).encode()


def as_lines(raw: bytes, draws: random.Random) -> bytes:
    """A table of text with one cell another, a line twice or elsewhere."""
    lines = raw.split(b"\n")
    at = draws.randrange(len(lines))
    cells = lines[at].split(b",")
    cells[draws.randrange(len(cells))] = draws.choice(
        [
            b"",
            b"nan",
            b"-inf",
            b"1e999",
            b"9" * 400,
            b'"',
            b'"a""b"',
            b"NULL",
            b"../bait.png",
            b"/dev/zero",
            b"a\x00b",
            b"\xff",
            b"x" * 70_000,
        ]
    )
    changes: list[Callable[[], None]] = [
        lambda: lines.__setitem__(at, b",".join(cells)),
        lambda: lines.insert(draws.randrange(len(lines)), lines[at]),
        lambda: lines.__setitem__(at, b",".join(cells[:-1])),
        lambda: lines.__setitem__(at, lines[at] + b",x"),
    ]
    draws.choice(changes)()
    return draws.choice([b"\n"] * 8 + [b"\r\n", b"\r"]).join(lines)
