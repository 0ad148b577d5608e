"""Values from a file or a command line against a dataclass, whose fields are the schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, TypeVar, get_args, get_type_hints

from pydantic import TypeAdapter, ValidationError

from onward.errors import InputError, nearest, together

T = TypeVar("T")

LATER: Mapping[str, bool] = MappingProxyType({"later": True})
"""Metadata of a field that a dataclass gained when values of it were on record; see ``on_record``."""


def on_record(value: Any) -> tuple[str, ...]:  # noqa: ANN401 - any dataclass
    """Return the names of the fields of a dataclass that are put on record, in order.

    Those that came later are put there only where they are not at their defaults, so that what was on record before
    stays what it was.
    """
    held = fields(value)
    return tuple(f.name for f in held if not (f.metadata.get("later") and getattr(value, f.name) == f.default))


def checked(kind: type[T], values: Mapping[str, Any], where: str) -> T:
    """Return ``values`` as a dataclass of ``kind``.

    Args:
        kind: a dataclass; its fields are the schema.
        values: by name, as TOML or JSON gave them.
        where: what the values came from, for the message's beginning.

    Raises:
        InputError: with all problems at once; an unknown name comes with the nearest known one.
    """
    try:
        return adapter(kind).validate_python(dict(values), strict=False)
    except ValidationError as error:
        raise InputError(f"{where}: {together(problems(kind, values))}") from error


@cache
def adapter(kind: type[T]) -> TypeAdapter[T]:
    """Return pydantic's reader of a dataclass; to make one takes longer than to use it."""
    return TypeAdapter(kind)


def problems(kind: type, values: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with ``values``, as sentences; [] when they make a dataclass of ``kind``.

    A dataclass is asked for its own rules only once every field has its type, so what is left without those that
    have not is asked again.
    """
    try:
        adapter(kind).validate_python(dict(values), strict=False)
    except ValidationError as error:
        found = [told(dict(each), kind) for each in error.errors()]
        sound = dict(values)
        for each in error.errors():
            sound = without(sound, each["loc"])
        rest = problems(kind, sound) if sound != values else []
        return list(dict.fromkeys(found + rest))
    return []


def without(values: Mapping[Any, Any], path: Sequence[Any]) -> dict[Any, Any]:
    """Return nested values without the one that a path of names leads to."""
    name, *rest = path or (None,)
    inner = values.get(name)
    if rest and isinstance(inner, Mapping):
        return {**values, name: without(inner, rest)}
    return {key: value for key, value in values.items() if key != name}


def told(problem: Mapping[str, Any], kind: type) -> str:
    """Return one of pydantic's findings as a sentence of ours."""
    place = [str(part) for part in problem["loc"]]
    name = ".".join(place) or "the whole"
    if problem["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
        known = field_names(kind, place[:-1])
        near = nearest(place[-1], known)
        guess = f"; did you mean {near[0]!r}?" if near else f"; there are: {', '.join(known)}"
        return f"unknown name {name!r}{guess}"
    if problem["type"] in ("missing", "missing_argument"):
        return f"{name} is missing"
    if "error" in problem.get("ctx", {}):  # a check of the dataclass itself, which says it in our words
        within = f"{name}: " if len(place) > 1 else ""
        return f"{within}{problem['ctx']['error']}"
    return f"{name}: {problem['msg'][0].lower()}{problem['msg'][1:]}, got {problem['input']!r}"


def field_names(kind: Any, path: Sequence[str]) -> list[str]:  # noqa: ANN401 - any annotation
    """Return the field names of a dataclass, or of the one that a path of its fields and tables leads to."""
    for step in path:
        kind = get_type_hints(kind).get(step, kind) if is_dataclass(kind) else (kind, *get_args(kind))[-1]
    return sorted(field.name for field in fields(kind)) if is_dataclass(kind) else []
