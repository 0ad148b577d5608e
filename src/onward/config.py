"""Text to values: TOML files and ``key=value`` overrides, checked as a whole before anything runs."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from onward.errors import InputError, listed
from onward.schema import checked
from onward.settings import Settings


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
    except (
        ValueError,
        RecursionError,
        OSError,
    ) as error:  # also of numbers too long, and of tables in tables in tables
        raise InputError(f"{file} is not a TOML file that can be read: {error}") from error


def settings_from(overrides: Sequence[str], start: Settings | None = None) -> Settings:
    """Return settings with ``key=value`` texts laid over them; values are written as in TOML.

    >>> settings_from(["lr=0.1", "schedule=cosine"]).lr
    0.1

    Raises:
        InputError: naming every override that has no value, or else every one that does not fit.
    """
    unreadable = [override for override in overrides if "=" not in override]
    if unreadable:
        raise InputError(f"an override has the form key=value, got {listed(map(repr, unreadable))}")
    values: dict[str, Any] = {} if start is None else dict(vars(start))
    for override in overrides:
        key, _, text = override.partition("=")
        values[key.strip()] = value_of(text.strip())
    return checked(Settings, values, "the settings")


def value_of(text: str) -> Any:  # noqa: ANN401 - any TOML value
    """Return a TOML value; a bare word is a text, and ``none`` is nothing.

    Raises:
        InputError: when it is longer or deeper than can be read.
    """
    if text.lower() == "none":
        return None
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
    except (ValueError, RecursionError) as error:
        raise InputError(f"a value cannot be read: {error}") from error
