"""From the words of ``onward init`` to a model."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from pathlib import Path

import torch

from onward.catalogue import call
from onward.datasets.source import read
from onward.errors import InputError, listed, unknown
from onward.nets.adopt import adopted
from onward.nets.classifier import Classifier
from onward.nets.resting import resting
from onward.nets.zoo import BACKBONES, fresh
from onward.store.tensors import read_weights

OURS = tuple(name for name in BACKBONES if name != "imported")


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
    return theirs(brought) if ":" in brought.model else ours(brought, tests, data_dir)


def theirs(brought: Brought) -> Classifier:
    """Return a model that the user's own function makes, with the user's weights where they are given."""
    if brought.shape:
        raise InputError(f"--shape is for our networks ({listed(OURS)}); {brought.model} has its own")
    return adopted(
        brought.model,
        class_names(brought.classes),
        None if brought.weights is None else read_weights(brought.weights),
        head=brought.head_layer,
        mean=numbers(brought.mean, "--mean"),
        std=numbers(brought.std, "--std"),
        seed=brought.seed,
    )


def ours(brought: Brought, tests: tuple[str, ...], data_dir: Path | None) -> Classifier:
    """Return one of our networks; it knows no class yet."""
    net, arguments = call(brought.model)
    if net not in OURS:
        raise unknown("network", net, [*OURS, "package.module:factory"])
    known = [name for name in inspect.signature(BACKBONES[net]).parameters if name != "shape"]
    for name in arguments:
        if name not in known:
            raise unknown(f"argument of {net}", name, known)
    given = {
        "--weights": brought.weights,
        "--classes": brought.classes,
        "--head-layer": brought.head_layer,
        "--mean": brought.mean,
        "--std": brought.std,
    }
    if refused := [option for option, value in given.items() if value]:
        raise InputError(f"{net} starts untrained and learns its classes by updates; {listed(refused)} is for yours")
    if not brought.shape and not tests:
        raise InputError(f"{net} must know the shape of its inputs: give --shape, like 1,28,28, or a --test set")
    shape = sizes(brought.shape) if brought.shape else tuple(read(tests[0], data_dir).inputs.shape[1:])
    try:
        made = fresh(net, shape, brought.seed, **arguments)
        with resting(made), torch.no_grad():
            made.features(torch.zeros(1, *shape))
    except InputError:
        raise
    except Exception as error:  # torch refuses sizes in many ways
        raise InputError(f"{brought.model} cannot be made for inputs of shape {shape}: {error}") from error
    return made


def class_names(text: str) -> tuple[str, ...]:
    """Return class names from a file with one a line, or from the text itself with commas between.

    Raises:
        InputError: when it names a file that is not there, or is no text.
    """
    if "," not in text and Path(text).is_file():
        try:
            lines = Path(text).read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError as error:
            raise InputError(f"{text} is no text in UTF-8 ({error}); give a file with a class name a line") from error
        return tuple(line.strip() for line in lines if line.strip())
    if text.endswith(".txt") or "/" in text:
        raise InputError(f"there is no file {text}; give a file with a class name a line, or names with commas between")
    return tuple(name.strip() for name in text.split(",") if name.strip())


def numbers(text: str, option: str) -> tuple[float, ...]:
    """Return the numbers of a text, with commas between."""
    try:
        return tuple(float(part) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise InputError(f"{option} wants numbers with commas between, got {text!r}") from error


def sizes(text: str) -> tuple[int, ...]:
    """Return the shape that a text like 1,28,28 or 1x28x28 stands for."""
    parts = text.replace("x", ",").split(",")
    if not all(part.strip().isdecimal() and int(part) for part in parts):
        raise InputError(f"--shape wants whole numbers >= 1 with commas between, like 1,28,28, got {text!r}")
    return tuple(int(part) for part in parts)
