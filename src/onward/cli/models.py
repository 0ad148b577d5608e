"""From the words of ``onward init`` to a model."""

from __future__ import annotations

import inspect
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from onward.catalogue import call
from onward.cli.input_form import InputWords, image_transform, numbers, option, sizes
from onward.datasets import names_file
from onward.datasets.source import read
from onward.errors import InputError, listed, unknown
from onward.nets import huggingface, timm_models
from onward.nets.adapters import Adapter, fresh_lora, read_adapter
from onward.nets.adopt import adopted, drawn
from onward.nets.backbone import image_of
from onward.nets.classifier import Classifier
from onward.nets.published import Published
from onward.nets.resting import resting
from onward.nets.zoo import BACKBONES, fresh
from onward.store.tensors import read_weights

OURS = tuple(name for name in BACKBONES if name != "imported")

PLACEHOLDER = re.compile(r"LABEL_\d+")
"""What transformers calls a class that nobody named."""


@dataclass(frozen=True)
class Brought:
    """A model as the command line describes it; see ``onward init --help`` for each word."""

    model: str
    weights: Path | None = None
    classes: str = ""
    inputs: InputWords = field(default_factory=InputWords)
    head_layer: str = ""
    adapter: Path | None = None
    lora: str = ""
    seed: int = 0


def classifier(brought: Brought, tests: tuple[str, ...], data_dir: Path | None) -> Classifier:
    """Return the model.

    Raises:
        InputError: when a word cannot be read, or the parts do not fit.
    """
    foreign = ":" in brought.model.partition("(")[0]
    return theirs(brought, tests, data_dir) if foreign else ours(brought, tests, data_dir)


def theirs(brought: Brought, tests: tuple[str, ...], data_dir: Path | None) -> Classifier:
    """Return a model that others made, with the user's weights where they are given."""
    names, words = class_names(brought.classes), brought.inputs
    images = image_transform(words)
    mean, std = numbers(words.mean, "--mean"), numbers(words.std, "--std")
    added = adapter(brought)
    found = published(brought, names)
    images, example = images or found.transform, found.example
    if words.shape:
        shape = sizes(words.shape)
        images, example = image_of(shape), drawn(shape, brought.seed)
    elif example is None and images is None and tests:
        example = first_inputs(tests[0], data_dir)
    return adopted(
        found.factory,
        agreed(names, found.classes, brought.model),
        found.weights if brought.weights is None else read_weights(brought.weights),
        arguments=found.arguments,
        head=brought.head_layer,
        mean=mean or found.mean,
        std=std or found.std,
        transform=images,
        adapter=added,
        example=example,
        seed=brought.seed,
    )


def published(brought: Brought, names: tuple[str, ...]) -> Published:
    """Return what is known of a model that others made: by the hub, by timm, or by its import path alone.

    Raises:
        InputError: when it cannot be had, or a word is not for it.
    """
    if brought.model.startswith("hf:"):
        if brought.weights is not None:
            raise InputError(f"{brought.model} comes with its own weights; --weights is for a function of yours")
        return huggingface.published(brought.model.removeprefix("hf:"), brought.inputs.length)
    if brought.inputs.length is not None:
        raise InputError(f"--length is for the text classifiers of hf:, {brought.model} is none")
    path, arguments = called(brought.model)
    if path.startswith("timm:"):
        trained = brought.weights is None
        if not trained and names:
            arguments = {"num_classes": len(names), **arguments}
        return timm_models.published(path.removeprefix("timm:"), arguments, trained)
    return Published(path, arguments)


def called(model: str) -> tuple[str, dict[str, Any]]:
    """Return the import path and the arguments of a text like ``package.module:build(width=3)``.

    Raises:
        InputError: when the arguments are not plain values by name.
    """
    path, bracket, _ = model.partition("(")
    if not bracket:
        return path, {}
    try:
        arguments = call(f"f{model[len(path) :]}")[1]
        return path.strip(), json.loads(json.dumps(arguments))  # as the card will give them back
    except (InputError, TypeError) as error:
        raise InputError(
            f"cannot read the arguments in {model!r}; write plain values by name, like {path}(width=3, name='x')"
        ) from error


def adapter(brought: Brought) -> Adapter | None:
    """Return the adapter that is wanted; None is none.

    Raises:
        InputError: when it cannot be read, or two are wanted.
    """
    if brought.adapter is not None and brought.lora:
        raise InputError("--adapter brings an adapter and --lora makes a fresh one; give one of them")
    if brought.adapter is not None:
        return read_adapter(brought.adapter)
    if not brought.lora:
        return None
    try:
        fields = call(f"lora({brought.lora})")[1]
    except InputError as error:
        raise InputError(
            f"--lora wants fields by name, like \"r=8, target_modules=['query', 'value']\", got {brought.lora!r}"
        ) from error
    return fresh_lora(fields)


def agreed(given: tuple[str, ...], own: tuple[str, ...], model: str) -> tuple[str, ...]:
    """Return the class names: those that were given, else those that the model itself has.

    Raises:
        InputError: when there are both and they differ.
    """
    if not given or not own or given == own or all(PLACEHOLDER.fullmatch(name) for name in own):
        return given or own
    first = next((k for k, (a, b) in enumerate(zip(given, own, strict=False)) if a != b), min(len(given), len(own)))
    raise InputError(
        f"--classes says {listed(given, most=5)}, but {model} itself names its outputs {listed(own, most=5)}; they "
        f"differ first at output {first}. Leave out --classes, or mend id2label in its config.json"
    )


def first_inputs(source: str, data_dir: Path | None) -> Tensor:
    """Return two inputs of a test set, (2, *shape)."""
    data = read(source, data_dir)
    return data.take(torch.arange(min(2, len(data)))).inputs


def ours(brought: Brought, tests: tuple[str, ...], data_dir: Path | None) -> Classifier:
    """Return one of our networks; it knows no class yet."""
    net, arguments = call(brought.model)
    if net not in OURS:
        raise unknown("network", net, [*OURS, "package.module:factory", "hf:name", "timm:name"])
    known = [name for name in inspect.signature(BACKBONES[net]).parameters if name != "shape"]
    for name in arguments:
        if name not in known:
            raise unknown(f"argument of {net}", name, known)
    words, own = brought.inputs, {**vars(brought), **vars(brought.inputs)}
    foreign = ("weights", "classes", "head_layer", "fit", "shorter_side", "length", "adapter", "lora")
    if refused := [option(word) for word in foreign if own[word]]:
        raise InputError(f"{net} starts untrained and learns its classes by updates; {listed(refused)} is for yours")
    images = image_transform(words)
    if not words.shape and images is None and not tests:
        raise InputError(
            f"{net} must know the shape of its inputs: give --shape, like 1,28,28, or --size, or a --test set"
        )
    if images is not None:
        shape: tuple[int, ...] = images.shape
    else:
        shape = sizes(words.shape) if words.shape else tuple(first_inputs(tests[0], data_dir).shape[1:])
    try:
        mean, std = numbers(words.mean, "--mean"), numbers(words.std, "--std")
        made = fresh(net, shape, brought.seed, mean=mean, std=std, **arguments)
        with resting(made), torch.no_grad():
            made.features(torch.zeros(1, *shape))
    except InputError:
        raise
    except Exception as error:  # torch refuses sizes in many ways
        raise InputError(f"{brought.model} cannot be made for inputs of shape {shape}: {error}") from error
    return made


def class_names(text: str) -> tuple[str, ...]:
    """Return class names from a file, or from the text itself with commas between.

    Raises:
        InputError: when it names a folder, a file that is not there, or one that holds no names.
    """
    if text and "," not in text and Path(text).is_dir():
        raise InputError(f"{text} is a folder; give a file with the class names, or names with commas between")
    if "," not in text and Path(text).is_file():
        return names_file.class_names(text)
    if re.search(r"/|\.(txt|json|ya?ml)$", text):
        raise InputError(f"there is no file {text}; give a file with the class names, or names with commas between")
    return tuple(name.strip() for name in text.split(",") if name.strip())
