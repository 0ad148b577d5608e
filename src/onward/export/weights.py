"""A network's tensors in a safetensors file: under our names, or under those of the user's own network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

from onward.errors import InputError, listed
from onward.export.description import Description, read_spec
from onward.nets.backbone import Backbone
from onward.nets.classifier import Classifier
from onward.nets.found_head import part_of
from onward.nets.head import Head
from onward.nets.imported import Imported, made
from onward.nets.zoo import build
from onward.rng import isolated
from onward.store.tensors import fill, read_tensors, write_tensors

FILE = "model.safetensors"


def write_state(folder: Path, model: Classifier, example: Tensor, description: Description) -> None:
    """Write the state dict of the whole classifier."""
    write_tensors(folder / FILE, model.state_dict())


def opened_state(folder: Path) -> Callable[[Tensor], Tensor]:
    """Return the classifier that the two files of an export make."""
    return filled(build(read_spec(folder)), folder)


def filled(network: nn.Module, folder: Path) -> nn.Module:
    """Return the network with the tensors of an export in it, at rest."""
    fill(network, read_tensors(folder / FILE))
    return network.eval()


def write_own_state(folder: Path, model: Classifier, example: Tensor, description: Description) -> None:
    """Write the state dict that the user's own network takes.

    Raises:
        InputError: when there is no such network, or it cannot say what the version says.
    """
    write_tensors(folder / FILE, own_state(model))


def own_state(model: Classifier) -> dict[str, Tensor]:
    """Return an adopted model's tensors under the names that its own network has for them.

    The blocks of the head become the one linear layer it was, with a row for each class there is now.

    Raises:
        InputError: when the model was not adopted, or has an adapter or merged classes, which its own network has not.
    """
    if not isinstance(model.backbone, Imported):
        net = model.backbone.spec()["net"]
        raise InputError(f"the network {net!r} has no names but ours; only a network that was brought has its own")
    if model.backbone.adapter is not None:
        raise InputError("the network has an adapter in it, which your own has not; export it under our names")
    if merged := [f"{name} into {model.aliases[name]}" for name in model.classes if name in model.aliases]:
        raise InputError(
            f"classes were merged ({listed(merged, most=3)}), which a linear layer of your own network cannot hold; "
            "export under our names, or in a format that holds the whole network"
        )
    tensors = dict(model.backbone.network.state_dict())
    prefix = f"{model.backbone.head_name}." if model.backbone.head_name else ""
    for part in ("weight", "bias") if model.head.bias else ("weight",):
        tensors[prefix + part] = torch.cat([getattr(block, part) for block in model.head.linears])
    return tensors


def opened_own_state(folder: Path) -> Callable[[Tensor], Tensor]:
    """Return the user's own network, made by its factory, with the tensors of an export in it.

    It takes inputs as they are stored, so what the classifier does to them is done before.
    """
    spec = read_spec(folder)
    backbone = spec["backbone"]
    with isolated(0, "export"):
        network = with_rows(made(backbone["factory"], backbone["arguments"]), backbone["head"], len(spec["classes"]))
    whole = Whole(filled(network, folder), backbone["output"])
    return Classifier(whole, Head(1), mean=spec["mean"], std=spec["std"]).features


class Whole(Backbone):
    """A user's network with its head on, where a backbone stands: its features are the logits."""

    def __init__(self, network: nn.Module, output: str) -> None:
        """Take the network as it is, and the part of its output that is the logits; see ``part_of``."""
        super().__init__()
        self.network, self.output = network, output

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the logits, (b, classes)."""
        return part_of(self.network(inputs), self.output)


def with_rows(network: nn.Module, head: str, rows: int) -> nn.Module:
    """Return a network whose last linear layer, of that dotted name, has so many rows, drawn anew."""
    old = cast("nn.Linear", network.get_submodule(head))
    linear = nn.Linear(old.in_features, rows, bias=old.bias is not None)
    if not head:
        return linear
    parent, _, name = head.rpartition(".")
    setattr(network.get_submodule(parent), name, linear)
    return network
