"""Text to values: TOML files and ``key=value`` overrides, checked as a whole before anything runs."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from onward.errors import InputError
from onward.settings import Settings

T = TypeVar("T")


def read_toml(path: str | Path) -> dict[str, Any]:
    """Return what a TOML file says.

    Raises:
        InputError: when it cannot be read; with the line.
    """
    file = Path(path)
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"there is no file {file}; `onward run` wants the path of a TOML file") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise InputError(f"{file} is not a TOML file that can be read: {error}") from error


def checked(kind: type[T], values: Mapping[str, Any], where: str) -> T:
    """Return ``values`` as a dataclass of ``kind``.

    Args:
        kind: a dataclass; its fields are the schema.
        values: by name, as TOML or JSON gave them.
        where: what the values came from, for the message.

    Raises:
        InputError: with all problems at once; an unknown name comes with the nearest known one.
    """
    try:
        return TypeAdapter(kind).validate_python(dict(values), strict=False)
    except ValidationError as error:
        problems = [told(dict(each), kind) for each in error.errors()]
        count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''} in {where}"
        raise InputError(f"{count}: " + "; ".join(problems)) from error


def told(problem: Mapping[str, Any], kind: type) -> str:
    """Return one of pydantic's findings as a sentence of ours."""
    place = [str(part) for part in problem["loc"]]
    name = ".".join(place) or "the whole"
    if problem["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
        known = field_names(kind, place[:-1])
        near = difflib.get_close_matches(place[-1], known, n=1, cutoff=0.5)
        guess = f"; did you mean {near[0]!r}?" if near else f"; there are: {', '.join(known)}"
        return f"unknown name {name!r}{guess}"
    if problem["type"] in ("missing", "missing_argument"):
        return f"{name} is missing"
    if "error" in problem.get("ctx", {}):  # a check of the dataclass itself, which says it in our words
        return str(problem["ctx"]["error"])
    return f"{name}: {problem['msg'][0].lower()}{problem['msg'][1:]}, got {problem['input']!r}"


def field_names(kind: Any, path: Sequence[str]) -> list[str]:  # noqa: ANN401 - any annotation
    """Return the field names of a dataclass, or of the one that a path of its fields leads to."""
    from typing import get_type_hints

    for step in path:
        kind = get_type_hints(kind).get(step, kind) if hasattr(kind, "__dataclass_fields__") else kind
    return sorted(getattr(kind, "__dataclass_fields__", {}))


def settings_from(overrides: Sequence[str], start: Settings | None = None) -> Settings:
    """Return settings with ``key=value`` texts laid over them; values are written as in TOML.

    >>> settings_from(["lr=0.1", "schedule=cosine"]).lr
    0.1

    Raises:
        InputError: naming every override that cannot be read or does not fit.
    """
    values: dict[str, Any] = {} if start is None else {f: getattr(start, f) for f in start.__dataclass_fields__}
    for override in overrides:
        key, equals, text = override.partition("=")
        if not equals:
            raise InputError(f"an override has the form key=value, got {override!r}")
        values[key.strip()] = value_of(text.strip())
    return checked(Settings, values, "the settings")


def value_of(text: str) -> Any:  # noqa: ANN401 - any TOML value
    """Return a TOML value; a bare word is a text, and ``none`` is nothing."""
    if text.lower() == "none":
        return None
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
