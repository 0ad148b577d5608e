"""Networks by name: from JSON to a module, and afresh."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import islice
from typing import Any

import torch

from onward.errors import InputError, OnwardError, unknown
from onward.nets.backbone import Backbone
from onward.nets.classifier import Classifier, Spec, check_scale
from onward.nets.cnn import CNN
from onward.nets.deepened import Deepened
from onward.nets.enlarged import Enlarged
from onward.nets.ensemble import Ensemble
from onward.nets.expanded import Expanded
from onward.nets.fast_weights import FastWeights
from onward.nets.head import Head
from onward.nets.ic_resnet import ICResNet
from onward.nets.identity import Identity
from onward.nets.imported import Imported
from onward.nets.ladder import Ladder
from onward.nets.mlp import MLP
from onward.nets.random_features import RandomFeatures
from onward.nets.resnet import ResNet18
from onward.nets.side_by_side import SideBySide
from onward.rng import derived, isolated

BACKBONES: dict[str, type[Backbone]] = {
    "identity": Identity,
    "mlp": MLP,
    "cnn": CNN,
    "resnet18": ResNet18,
    "ic_resnet": ICResNet,
    "imported": Imported,
}
WRAPPERS: dict[str, type[Backbone]] = {
    "random_features": RandomFeatures,
    "fast_weights": FastWeights,
    "expanded": Expanded,
    "deepened": Deepened,
    "enlarged": Enlarged,
    "ladder": Ladder,
    "side_by_side": SideBySide,
}
"""Networks around a network, which their spec calls ``inner``; methods put them in place. ``ensemble`` is another."""

NOT_WHOLE = (LookupError, TypeError, ValueError, ArithmeticError, AttributeError, RuntimeError, MemoryError)
"""What Python and torch raise on sizes, names and kinds of values that no network has."""


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
        reads, corrections = rest.pop("reads", None), rest.pop("corrections", ())
        backbone = build_backbone(rest.pop("backbone"), seed)
        with isolated(seed, "head"):
            return Classifier(backbone, Head(features, sizes, bias, reads, corrections), **rest)
    except OnwardError:
        raise
    except NOT_WHOLE as error:
        raise InputError(f"the spec of the classifier is not whole: {error}") from error


def build_backbone(spec: Spec, seed: int = 0) -> Backbone:
    """Return the backbone that ``spec()`` described, with weights drawn from the stream ``seed``.

    torch's global random state is left as it was, whatever the network draws while it is made.
    """
    arguments = dict(spec)
    kind = str(arguments.pop("net", ""))
    if kind == "ensemble":
        inner, seeds = arguments.pop("inner"), [seed, *other_seeds(seed, arguments.pop("members"))]
        return Ensemble([build_backbone(inner, each) for each in seeds], **arguments)
    if kind in WRAPPERS:
        inner = build_backbone(arguments.pop("inner"), seed)
        with isolated(seed, kind):
            return WRAPPERS[kind](inner, **arguments)
    if kind not in BACKBONES:
        raise unknown("network", kind, BACKBONES)
    try:
        with isolated(seed, "backbone"):
            return BACKBONES[kind](**arguments)
    except TypeError as error:
        raise InputError(f"the network {kind!r} cannot be made from {arguments}: {error}") from error


def fresh(
    name: str,
    shape: Sequence[int],
    seed: int,
    *,
    mean: Sequence[float] = (),
    std: Sequence[float] = (),
    **arguments: Any,  # noqa: ANN401 - JSON
) -> Classifier:
    """Return one of our networks with no classes yet, for inputs of ``shape`` (without the batch).

    Args:
        name: one of ``BACKBONES``.
        shape: of one input.
        seed: of the weights.
        mean: of the inputs by channel, or one for all, after bytes were brought to [0, 1]; () takes nothing off.
        std: by channel, or one for all; () does not divide.
        arguments: of the network.

    Raises:
        InputError: when there is no such network, or it does not take such arguments.

    >>> fresh("mlp", (1, 8, 8), seed=0, width=32).spec()["backbone"]["width"]
    32
    """
    check_scale(mean, std, torch.empty(0, *shape))
    backbone = build_backbone({"net": name, "shape": list(shape), **arguments}, seed)
    return Classifier(backbone, Head(backbone.features), mean=mean, std=std)


def again(model: Classifier, seed: int) -> Classifier:
    """Return a model of the same shape and classes with weights drawn anew; a class's rows by its name, as it grows.

    What no update moves, such as all but the adapter of an adapted network, is not drawn and stays as it is, and so do
    buffers of bytes, which are no weights: a tokenizer.
    """
    drawn = build(model.spec(), seed)
    names = iter(drawn.classes)
    head = Head(drawn.head.in_features, bias=drawn.head.bias)
    for size, reads in zip(drawn.head.sizes, drawn.head.reads, strict=True):
        head.grow(list(islice(names, size)), seed, reads)
    head.corrections = drawn.head.corrections
    drawn.head = head
    held = {k: t for k, t in model.state_dict().items() if t.dtype == torch.uint8 or not model.trains(k)}
    drawn.load_state_dict(held, strict=False)
    return drawn.to(device=model.device, dtype=model.dtype)


def other_seeds(seed: int, members: int) -> list[int]:
    """Return the seeds of all members of an ensemble but the first, which has ``seed``."""
    return [derived(seed, "member", number) for number in range(1, members)]


@torch.no_grad()
def ensemble(model: Classifier, members: int, bagging: bool, seed: int) -> Classifier:
    """Make a network an ensemble of which it is the first member, as it is, and the others are drawn anew.

    What no update moves is theirs as well, and so are its biases of classes, of which there is one for all members.

    Args:
        model: changed in place, and returned.
        members: how many there are, with it.
        bagging: see ``Ensemble``.
        seed: of the draws.
    """
    every = [model, *(again(model, each) for each in other_seeds(seed, members))]
    backbones = [each.backbone for each in every]
    head = Head(members * model.head.in_features, model.head.sizes, model.head.bias)
    for block, *rows in zip(head.linears, *(each.head.linears for each in every), strict=True):
        block.weight.copy_(torch.cat([each.weight for each in rows], dim=1))
        if model.head.bias:
            block.bias.copy_(rows[0].bias)
    model.backbone, model.head = Ensemble(backbones, bagging), head.to(device=model.device, dtype=model.dtype)
    return model


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
