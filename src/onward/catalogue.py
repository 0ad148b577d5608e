"""Methods by name, and as one writes them: ``ewc(strength=10) | replay(size=500)``."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from types import MappingProxyType
from typing import Any

import onward.methods
from onward.errors import InputError, listed, unknown
from onward.method import Chain, Method, chained
from onward.schema import checked, on_record

ENTRY_POINTS = "onward.methods"
"""The group under which another package names its methods: ``name = "package.module:Class"``."""


CHAINS: Mapping[str, str] = MappingProxyType(
    {
        "sgm": "least_squares(start='class_mean', unit=True, scale='none') | freeze_old_rows | soft_targets "
        "| layer_decay(decay=0.9) | freeze_stem",
        "derpp": "der(labels=0.5)",
        "er_ace": "replay | ace",
        "mir": "replay(draw='mir')",
        "nearest_mean": "refit_head(solve='nearest_mean', ridge=0.0, mode='paper')",
        "slda": "refit_head(solve='discriminant', ridge=0.0001, relative=False, mode='paper')",
    }
)
"""Chains that have a name.

``sgm`` is stability gap mitigation (Harun & Kanan 2024, arXiv:2306.01904) but for its LoRA, which is a matter of the
model, and its rehearsal: ``sgm | replay(size=2000)``. ``derpp`` is DER++ (Buzzega et al. 2020, arXiv:2004.07211),
``er_ace`` replay with an asymmetric cross-entropy (Caccia et al. 2022, arXiv:2104.05025), and ``mir`` maximally
interfered retrieval (Aljundi et al. 2019, arXiv:1908.04742). ``slda`` is deep streaming linear discriminant analysis
(Hayes & Kanan 2020, arXiv:1909.01520) and ``nearest_mean`` the nearest class mean: heads solved from sums that
``refit_head`` keeps already.
"""


@dataclass(frozen=True)
class Field:
    """A hyper-parameter of a method: its name, its type as written, and its default."""

    name: str
    type: str
    default: object


@cache
def ours() -> frozenset[str]:
    """Return the names of the files of ``onward.methods``, looked for once: a long history asks for them often."""
    return frozenset(module.name for module in pkgutil.iter_modules(onward.methods.__path__))


def names() -> tuple[str, ...]:
    """Return the name of every method there is: the files of ``onward.methods``, and what other packages name."""
    return tuple(sorted({*ours(), *(entry.name for entry in entry_points(group=ENTRY_POINTS))}))


def method_class(name: str) -> type[Method]:
    """Return the class of a method.

    Raises:
        InputError: when there is no method of that name; names the nearest.
        TypeError: when its file does not define exactly one.
    """
    if name in ours():
        module = importlib.import_module(f"onward.methods.{name}")
        own = [c for c in vars(module).values() if inspect.isclass(c) and c.__module__ == module.__name__]
        methods = [c for c in own if issubclass(c, Method)]
        if len(methods) != 1:
            raise TypeError(f"{module.__name__} must define one method, it defines {len(methods)}")
        return methods[0]
    for entry in entry_points(group=ENTRY_POINTS, name=name):
        loaded: type[Method] = entry.load()
        return loaded
    raise unknown("method", name, (*names(), *CHAINS))


def fields_of(name: str) -> tuple[Field, ...]:
    """Return the hyper-parameters of a method; every one has a default."""
    default = method_class(name)()
    return tuple(Field(field.name, str(field.type), getattr(default, field.name)) for field in hyperparameters(default))


def hyperparameters(method: Method) -> tuple[dataclasses.Field[Any], ...]:
    """Return the dataclass fields of a method.

    Raises:
        TypeError: when it is not a dataclass, as every method must be.
    """
    if not dataclasses.is_dataclass(method):
        raise TypeError(f"{type(method).__name__} must be a frozen dataclass whose fields are its hyper-parameters")
    return dataclasses.fields(method)


def made(name: str, arguments: Mapping[str, Any]) -> Method:
    """Return a method with the given hyper-parameters.

    Raises:
        InputError: naming every argument that is unknown or of the wrong type, with the nearest known names.
    """
    return checked(method_class(name), arguments, name)


def parsed(text: str) -> Chain:
    """Return the chain that a text describes.

    >>> parsed("ewc(strength=10) | l2_to_parent(strength=2)")
    EWC(strength=10.0, decay=1.0, examples=1000, stable=True) | L2ToParent(strength=2.0)

    Raises:
        InputError: when the text is not names of methods, with fields in brackets, joined by ``|``.
    """
    return chained(*(named(*link) for link in calls(text)))


def named(name: str, arguments: Mapping[str, Any]) -> Method:
    """Return a method with the given hyper-parameters, or the chain of a name, which has none.

    Raises:
        InputError: when there is neither, or it does not take the arguments.
    """
    if name not in CHAINS:
        return made(name, arguments)
    if arguments:
        raise InputError(f"{name} has no fields of its own, got {listed(arguments)}; it is the chain: {CHAINS[name]}")
    return parsed(CHAINS[name])


def calls(text: str) -> list[tuple[str, dict[str, Any]]]:
    """Return the name and the arguments of each part of ``name(field=value) | name``."""
    try:
        return links(ast.parse(text.strip(), mode="eval").body, text)
    except InputError:
        raise
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise InputError(f"cannot read {text!r}; write it like: ewc(strength=10) | replay(size=500)") from error


def links(tree: ast.expr, text: str) -> list[tuple[str, dict[str, Any]]]:
    """Return the name and the arguments of each method of a parsed text, from left to right."""
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.BitOr):
        return links(tree.left, text) + links(tree.right, text)
    if isinstance(tree, ast.Name):
        return [(tree.id, {})]
    if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) and not tree.args:
        given = {word.arg: word.value for word in tree.keywords if word.arg}
        if len(given) < len(tree.keywords):
            raise InputError(f"each field is given once, by name; cannot read {ast.unparse(tree)!r}")
        try:
            return [(tree.func.id, {name: ast.literal_eval(value) for name, value in given.items()})]
        except (ValueError, TypeError) as error:
            raise InputError(f"the fields in {text!r} must be plain values: numbers, texts, truths, None") from error
    raise InputError(f"cannot read {ast.unparse(tree)!r} in {text!r}; write it like: ewc(strength=10) | replay")


def call(text: str) -> tuple[str, dict[str, Any]]:
    """Return the name and the arguments of one call as text: ``mlp(width=256)``.

    Raises:
        InputError: when the text is no such thing.
    """
    found = calls(text)
    if len(found) != 1:
        raise InputError(f"one thing is wanted here, {text!r} names {len(found)}")
    return found[0]


def written(method: Method) -> str:
    """Return a method as a text that ``parsed`` reads back.

    >>> written(parsed("replay(size=9) | warm_start"))
    'replay(size=9, per_batch=32)'
    """
    parts = []
    for each in chained(method).methods:
        hyperparameters(each)  # it is a dataclass
        given = ", ".join(f"{name}={getattr(each, name)!r}" for name in on_record(each))
        parts.append(f"{each.name}({given})" if given else each.name)
    return " | ".join(parts) or "warm_start"
