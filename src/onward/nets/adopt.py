"""A network that someone else trained, as a classifier of ours that computes what it computed."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from onward.errors import InputError, listed
from onward.nets.adapters import Adapter, place
from onward.nets.backbone import Backbone
from onward.nets.classifier import Classifier, check_scale
from onward.nets.found_head import FoundHead, Whole, find_head, last_linear, observe, same
from onward.nets.head import Head
from onward.nets.imported import Imported, made
from onward.nets.resting import resting
from onward.rng import generator, isolated
from onward.transform import ImageTransform

EXAMPLES = 2
"""How many inputs are drawn for the comparison of the logits."""


def adopted(
    network: str | nn.Module,
    classes: Sequence[str],
    weights: Mapping[str, Tensor] | None = None,
    *,
    arguments: Mapping[str, Any] | None = None,
    head: str = "",
    mean: Sequence[float] = (),
    std: Sequence[float] = (),
    transform: ImageTransform | None = None,
    adapter: Adapter | None = None,
    example: Tensor | None = None,
    seed: int = 0,
) -> Classifier:
    """Return a user's network as a classifier. What describes a checkpoint is many facts, hence many arguments.

    Where there is an example, or a transform that says what one looks like, the head is found by a forward pass, and
    the classifier's logits are compared with what the network itself computes.

    Args:
        network: import path of the function that makes it, ``package.module:function``; or the network itself, which
            is copied, and can be updated but not saved into a lineage.
        classes: the name of each of its outputs, in order; () for a network that knows no class yet.
        weights: its state dict, as the network itself would load it; None keeps what is there.
        arguments: given to the function by name; JSON.
        head: dotted name of its last linear layer; found by itself when "".
        mean: of the inputs by channel, after bytes were brought to [0, 1].
        std: by channel.
        transform: how images become its inputs; None where that is not said.
        adapter: a PEFT adapter, which is then, with the head, all that an update moves.
        example: (b, *shape), inputs as they are stored: bytes, floats or token ids.
        seed: of the streams from which the function, the adapter and an example are drawn.

    Raises:
        InputError: when names, weights, inputs and network do not fit one another; says which keys or numbers differ.
    """
    factory = network if isinstance(network, str) else ""
    if example is None and transform is not None:
        example = drawn(transform.shape, seed)
    check_scale(mean, std, example)
    with isolated(seed, "backbone"):
        whole = made(factory, arguments or {}) if isinstance(network, str) else copy.deepcopy(network)
    if weights is not None:
        load_foreign(whole, weights)
    inputs = None if example is None else as_taken(example, whole, mean, std)
    found = told_head(whole, head, inputs)
    if adapter is not None:
        with isolated(seed, "adapter"):
            place(whole, adapter)
        refuse_adapted_head(whole, found.layer)
    observed = None if inputs is None else observe(whole, inputs, found)
    images = None if transform is None else asdict(transform)
    config = None if adapter is None else adapter.config
    backbone = Imported(factory, arguments, found.layer, found.part, images, config, whole)
    if weights is not None and not classes:
        raise InputError(f"trained weights need the names of their {backbone.rows} classes, one for each output")
    model = with_head(backbone, classes, mean, std)
    if example is not None and observed is not None:
        compare(model, example, observed, named=bool(head))
    return model.eval()


def drawn(shape: Sequence[int], seed: int) -> Tensor:
    """Return inputs of a shape, (2, *shape) in [0, 1], to try a network on."""
    return torch.rand(EXAMPLES, *shape, generator=generator(seed, "example"))


class Through(Backbone):
    """What lets inputs through as they come, to see what a classifier makes of them."""

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the inputs."""
        return inputs


def as_taken(example: Tensor, network: nn.Module, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """Return stored inputs as a network gets them from its classifier: scaled, of its type and where it is."""
    before = Classifier(Through(), Head(0), mean=mean, std=std).to(next(network.parameters(), torch.empty(0)))
    return before.features(example.to(before.device))


def load_foreign(network: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Put a state dict into the network that it is of.

    Raises:
        InputError: naming the keys that are missing, unknown or of another shape.
    """
    here = network.state_dict()
    shapes = [
        f"{key} is {tuple(weights[key].shape)}, wanted {tuple(here[key].shape)}"
        for key in sorted(here.keys() & weights.keys())
        if here[key].shape != weights[key].shape
    ]
    problems = {
        "missing": sorted(here.keys() - weights.keys()),
        "unknown": sorted(weights.keys() - here.keys()),
        "of another shape": shapes,
    }
    told = [f"{len(keys)} {kind}: {listed(keys, most=3)}" for kind, keys in problems.items() if keys]
    if told:
        raise InputError("the weights do not fit the network; " + "; ".join(told))
    network.load_state_dict(weights)


def told_head(network: nn.Module, head: str, inputs: Tensor | None) -> FoundHead:
    """Return the head that was named, else the one that a forward pass finds, else the last one defined."""
    if head:
        return FoundHead(head)
    return FoundHead(last_linear(network)) if inputs is None else find_head(network, inputs)


def refuse_adapted_head(network: nn.Module, head: str) -> None:
    """Refuse an adapter that changes the head.

    Raises:
        InputError: when it does.
    """
    if not isinstance(network.get_submodule(head), nn.Linear):
        raise InputError(
            f"the adapter changes the head '{head}' as well; leave it out of target_modules, every update trains it"
        )


def with_head(backbone: Imported, classes: Sequence[str], mean: Sequence[float], std: Sequence[float]) -> Classifier:
    """Return a backbone with the head it had as a classifier; with no row where there are no classes.

    Raises:
        InputError: when there is not one name for each output.
    """
    if len(classes) not in (0, backbone.rows):
        raise InputError(
            f"{backbone.factory or 'the network'} has {backbone.rows} outputs ('{backbone.head_name}') but there are "
            f"{len(classes)} class names; give one name for each output, in order"
        )
    like = backbone.head_weights["weight"]
    rows = Head(backbone.features, bias=backbone.has_bias)
    if classes:
        block = nn.utils.skip_init(nn.Linear, backbone.features, backbone.rows, backbone.has_bias)
        block.load_state_dict(backbone.head_weights)
        rows.blocks.append(block)
    return Classifier(backbone, rows.to(like), classes, mean=mean, std=std)


def compare(model: Classifier, example: Tensor, whole: Whole, named: bool) -> None:
    """Refuse a classifier that does not compute what the network computed with its head on.

    Args:
        model: the classifier.
        example: (b, *shape), as stored.
        whole: what the network computed.
        named: whether the user chose the head; without classes its logits may then be others.

    Raises:
        InputError: when the features do not fit the head, or the logits differ.
    """
    backbone = cast("Imported", model.backbone)
    weights, who = backbone.head_weights, backbone.factory or "the network"
    with resting(model), torch.no_grad():
        features = model.features(example.to(model.device))
        if features.shape[1] != backbone.features:
            raise InputError(
                f"'{backbone.head_name}' is not the head of {who}: without it there come {features.shape[1]} features, "
                f"and it takes {backbone.features}; name the layer that gives the output"
            )
        logits = F.linear(features, weights["weight"], weights.get("bias"))
    if (named and not model.classes) or same(logits, whole.output):
        return
    raise InputError(
        f"{who} {whole.deed} after its linear layer '{backbone.head_name}', so the classifier's logits would not be "
        "what it computed; let it return the logits, or name another layer with --head-layer"
    )
