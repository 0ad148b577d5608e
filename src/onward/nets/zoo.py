"""Networks by name: from JSON to a module, and afresh."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import islice
from typing import Any

import torch

from onward.errors import InputError, unknown
from onward.nets.backbone import Backbone
from onward.nets.classifier import Classifier, Spec
from onward.nets.cnn import CNN
from onward.nets.head import Head
from onward.nets.identity import Identity
from onward.nets.imported import Imported
from onward.nets.mlp import MLP
from onward.nets.random_features import RandomFeatures
from onward.nets.resnet import ResNet18
from onward.rng import isolated

BACKBONES: dict[str, type[Backbone]] = {
    "identity": Identity,
    "mlp": MLP,
    "cnn": CNN,
    "resnet18": ResNet18,
    "imported": Imported,
}
WRAPPERS: dict[str, type[Backbone]] = {"random_features": RandomFeatures}
"""Networks around a network, which their spec calls ``inner``; a method puts them in place, no user."""


def build(spec: Spec, seed: int = 0) -> Classifier:
    """Return the classifier that ``spec()`` described, with weights drawn from the stream ``seed``.

    Raises:
        InputError: when the spec names an unknown network, or arguments that it does not take.
    """
    rest = dict(spec)
    kind = rest.pop("net", None)
    if kind != "classifier":
        raise InputError(f"a learner's network is a classifier, the spec says {kind!r}")
    try:
        features, sizes, bias = rest.pop("features"), rest.pop("sizes"), rest.pop("bias")
        backbone = build_backbone(rest.pop("backbone"), seed)
        with isolated(seed, "head"):
            return Classifier(backbone, Head(features, sizes, bias), **rest)
    except (KeyError, TypeError) as error:
        raise InputError(f"the spec of the classifier is not whole: {error}") from error


def build_backbone(spec: Spec, seed: int = 0) -> Backbone:
    """Return the backbone that ``spec()`` described, with weights drawn from the stream ``seed``.

    torch's global random state is left as it was, whatever the network draws while it is made.
    """
    arguments = dict(spec)
    kind = str(arguments.pop("net", ""))
    if kind in WRAPPERS:
        return WRAPPERS[kind](build_backbone(arguments.pop("inner"), seed), **arguments)
    if kind not in BACKBONES:
        raise unknown("network", kind, BACKBONES)
    try:
        with isolated(seed, "backbone"):
            return BACKBONES[kind](**arguments)
    except TypeError as error:
        raise InputError(f"the network {kind!r} cannot be made from {arguments}: {error}") from error


def fresh(name: str, shape: Sequence[int], seed: int, **arguments: Any) -> Classifier:  # noqa: ANN401 - JSON
    """Return one of our networks with no classes yet, for inputs of ``shape`` (without the batch).

    >>> fresh("mlp", (1, 8, 8), seed=0, width=32).spec()["backbone"]["width"]
    32
    """
    backbone = build_backbone({"net": name, "shape": list(shape), **arguments}, seed)
    return Classifier(backbone, Head(backbone.features))


def again(model: Classifier, seed: int) -> Classifier:
    """Return a model of the same shape and classes with weights drawn anew; a class's rows by its name, as it grows.

    What no update moves, such as all but the adapter of an adapted network, is not drawn and stays as it is, and so do
    buffers of bytes, which are no weights: a tokenizer.
    """
    drawn = build(model.spec(), seed)
    head, names = Head(drawn.head.in_features, bias=drawn.head.bias), iter(drawn.classes)
    for size in drawn.head.sizes:
        head.grow(list(islice(names, size)), seed)
    drawn.head = head
    held = {k: t for k, t in model.state_dict().items() if t.dtype == torch.uint8 or not model.trains(k)}
    drawn.load_state_dict(held, strict=False)
    return drawn.to(device=model.device, dtype=model.dtype)


@torch.no_grad()
def restart(model: Classifier, names: Collection[str], seed: int, keep: float, perturb: float) -> None:
    """Bring parameters some way back to where training begins: ``keep`` of each, and ``perturb`` of a new draw.

    Args:
        model: changed in place.
        names: of the parameters that are brought back.
        seed: of the draw, which is ``again``'s.
        keep: what stays of a parameter, >= 0.
        perturb: what comes of its draw, >= 0; with 1, and ``keep`` 0, it starts afresh.
    """
    drawn = dict(again(model, seed).named_parameters())
    for name, parameter in model.named_parameters():
        if name in names:
            parameter.mul_(keep).add_(drawn[name], alpha=perturb)
