"""From the words of ``onward init`` to a model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from onward.catalogue import call
from onward.datasets.source import read
from onward.errors import InputError, unknown
from onward.nets.adopt import adopted
from onward.nets.classifier import Classifier
from onward.nets.zoo import BACKBONES, fresh
from onward.store.tensors import read_weights


@dataclass(frozen=True)
class Brought:
    """A model as the command line describes it; see ``onward init --help`` for each word."""

    model: str
    weights: Path | None
    classes: str
    shape: str
    head_layer: str
    mean: str
    std: str
    seed: int


def classifier(brought: Brought, tests: tuple[str, ...], data_dir: Path | None) -> Classifier:
    """Return the model.

    Raises:
        InputError: when a word cannot be read, or the parts do not fit.
    """
    names = class_names(brought.classes)
    if ":" in brought.model:
        return adopted(
            brought.model,
            names,
            None if brought.weights is None else read_weights(brought.weights),
            head=brought.head_layer,
            mean=numbers(brought.mean, "--mean"),
            std=numbers(brought.std, "--std"),
            seed=brought.seed,
        )
    net, arguments = call(brought.model)
    ours = [name for name in BACKBONES if name != "imported"]
    if net not in ours:
        raise unknown("network", net, [*ours, "package.module:factory"])
    if brought.weights is not None or names:
        raise InputError(f"{net} starts untrained and learns its classes by updates; --weights and --classes are for a model of yours")
    if not brought.shape and not tests:
        raise InputError(f"{net} must know the shape of its inputs: give --shape, like 1,28,28, or a --test set to read it off")
    shape = [int(n) for n in numbers(brought.shape, "--shape")] or list(read(tests[0], data_dir).inputs.shape[1:])
    try:
        return fresh(net, shape, brought.seed, **arguments)
    except InputError:
        raise
    except (TypeError, ValueError, RuntimeError) as error:
        raise InputError(f"{brought.model} cannot be made for inputs of shape {tuple(shape)}: {error}") from error


def class_names(text: str) -> tuple[str, ...]:
    """Return class names from a file with one a line, or from the text itself with commas between."""
    if Path(text).is_file():
        return tuple(line.strip() for line in Path(text).read_text(encoding="utf-8").splitlines() if line.strip())
    if text.endswith(".txt"):
        raise InputError(f"there is no file {text}; give a file with a class name a line, or names with commas between")
    return tuple(name.strip() for name in text.split(",") if name.strip())


def numbers(text: str, option: str) -> tuple[float, ...]:
    """Return the numbers of a text, with commas or x between."""
    try:
        return tuple(float(part) for part in text.replace("x", ",").split(",") if part.strip())
    except ValueError as error:
        raise InputError(f"{option} wants numbers with commas between, got {text!r}") from error
