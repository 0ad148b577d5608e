"""A network that someone else trained, as a classifier of ours that computes what it computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from onward.errors import InputError, listed
from onward.nets.classifier import Classifier
from onward.nets.head import Head
from onward.nets.imported import Imported
from onward.rng import isolated


def adopted(
    factory: str,
    classes: Sequence[str],
    weights: Mapping[str, Tensor] | None = None,
    *,
    arguments: Mapping[str, Any] | None = None,
    head: str = "",
    mean: Sequence[float] = (),
    std: Sequence[float] = (),
    seed: int = 0,
) -> Classifier:
    """Return a user's network as a classifier. What describes a checkpoint is many facts, hence many arguments.

    Args:
        factory: import path of the function that makes the network, ``package.module:function``.
        classes: the name of each of its outputs, in order; () for a network that knows no class yet.
        weights: its state dict, as the network itself would load it; None keeps what the factory made.
        arguments: given to the factory by name; JSON.
        head: dotted name of its last linear layer; found by itself when "".
        mean: of the inputs by channel, after bytes were brought to [0, 1].
        std: by channel.
        seed: of the stream from which the factory draws.

    Raises:
        InputError: when names, weights and network do not fit one another; says which keys or counts differ.
    """
    with isolated(seed, "backbone"):
        backbone = Imported(factory, arguments, head)
    if len(classes) not in (0, backbone.rows):
        raise InputError(
            f"{factory} has {backbone.rows} outputs ('{backbone.head_name}') but there are {len(classes)} class "
            "names; give one name for each output, in order"
        )
    if weights is not None and not classes:
        raise InputError(f"trained weights need the names of their {backbone.rows} classes, one for each output")
    with isolated(seed, "head"):
        rows = Head(backbone.features, [backbone.rows] if classes else [], backbone.has_bias)
    model = Classifier(backbone, rows, classes, mean=mean, std=std)
    if classes:
        rows.blocks[0].load_state_dict(backbone.head_weights)
    if weights is not None:
        load_foreign(model, weights, backbone.head_name)
    return model.eval()


def load_foreign(model: Classifier, weights: Mapping[str, Tensor], head: str) -> None:
    """Put a user's state dict, its own names, into an adopted model; ``head`` is the name its last layer had.

    Raises:
        InputError: naming the keys that are missing, unknown or of another shape.
    """
    renamed = {}
    for key, tensor in weights.items():
        outside, _, leaf = key.rpartition(".")
        renamed[f"head.blocks.0.{leaf}" if outside == head else f"backbone.network.{key}"] = tensor
    here = model.state_dict()
    shapes = [
        f"{key} is {tuple(renamed[key].shape)}, wanted {tuple(here[key].shape)}"
        for key in sorted(here.keys() & renamed.keys())
        if here[key].shape != renamed[key].shape
    ]
    problems = {
        "missing": sorted(here.keys() - renamed.keys()),
        "unknown": sorted(renamed.keys() - here.keys()),
        "of another shape": shapes,
    }
    told = [f"{len(keys)} {kind}: {listed(keys, most=3)}" for kind, keys in problems.items() if keys]
    if told:
        raise InputError("the weights do not fit the network; " + "; ".join(told))
    model.load_state_dict(renamed)
