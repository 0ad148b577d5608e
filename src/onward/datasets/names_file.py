"""Class names from a file, in the order of their ids: as people and other libraries write them down."""

from __future__ import annotations

import json
import reprlib
from collections.abc import Mapping
from itertools import accumulate
from pathlib import Path

from onward.errors import InputError, listed, optional, repeated

KEYS = ("id2label", "names")
"""Under which a larger file keeps the names: Hugging Face's ``config.json``, Ultralytics' data sets."""

DEEPEST = 100
"""Brackets within one another that a file of names may have; two are enough."""

FORMS = 'one name a line; a list; {"cat": 0}; {"0": "cat"}; or one of these under id2label or names'


def class_names(path: str | Path) -> tuple[str, ...]:
    """Return the class names that a file holds.

    Args:
        path: a ``.json`` or ``.yaml`` file with a list of names, ids by name (torchvision's ``class_to_idx``), names
            by id, or one of these under ``id2label`` (Hugging Face's ``config.json``) or ``names`` (Ultralytics); any
            other file is text with one name a line.

    Returns:
        The names, place ``k`` that of the class with the id ``k``.

    Raises:
        InputError: when it cannot be read, holds no names, the ids leave gaps, or a name comes twice.
    """
    path = Path(path).expanduser()
    try:
        names = _in_order(_held(path))
    except OSError as error:
        raise InputError(f"the class names in {path} cannot be read: {error}") from error
    except (ValueError, TypeError, RecursionError) as error:
        raise InputError(f"{path} holds no class names ({error}); wanted {FORMS}") from error
    if twice := repeated(names):
        raise InputError(f"class names must differ from one another; in {path} these come twice: {listed(twice)}")
    return names


def _held(path: Path) -> object:
    text = path.read_text(encoding="utf-8-sig")
    if path.suffix.lower() == ".json":
        return json.loads(text)
    if path.suffix.lower() in (".yaml", ".yml"):
        return _yaml(text)
    return text.strip().splitlines()


def _yaml(text: str) -> object:
    yaml = optional("yaml", "data", "reading class names from YAML")
    if max(accumulate((letter in "[{") - (letter in "]}") for letter in text), default=0) > DEEPEST:
        raise ValueError("it is nested too deep")  # which takes PyYAML time by the square of the depth
    try:
        return yaml.load(text, Loader=yaml.BaseLoader)  # it makes text of everything: a class may be called "no"
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from error


def _in_order(held: object) -> tuple[str, ...]:
    if isinstance(held, Mapping):
        inside = next((held[key] for key in KEYS if isinstance(held.get(key), list | Mapping)), None)
        return _in_order(inside) if inside is not None else _by_id(held)
    if not isinstance(held, list) or not held:
        raise ValueError("it is empty" if held in ([], None, "") else f"it is a {type(held).__name__}")
    if wrong := [name for name in held if not isinstance(name, str) or not name.strip()]:
        raise ValueError(f"{reprlib.repr(wrong[0])} is no name")  # YAML's aliases make short texts of endless things
    return tuple(name.strip() for name in held)


def _by_id(held: Mapping[object, object]) -> tuple[str, ...]:
    """Return the names of a mapping from id to name, or from name to id."""
    if all(str(key).isdecimal() for key in held):
        names = {int(str(key)): name for key, name in held.items()}
    else:
        names = {int(str(k)): name for name, k in held.items() if isinstance(k, int | str)}
    if sorted(names) != list(range(len(held))):
        raise ValueError(f"the ids of {len(held)} names must count from 0 without gaps, got {listed(sorted(names))}")
    return _in_order([names[k] for k in range(len(names))])
