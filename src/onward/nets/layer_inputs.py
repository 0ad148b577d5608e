"""What goes into the layers of a network that multiply: one row for each place at which they do."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from onward.nets.classifier import Classifier
from onward.nets.resting import resting

Multiplying = nn.Linear | nn.Conv2d

PLACES = 64
"""Of an example that a layer meets at many places, as a patch or as a word, so many are looked at at most."""


def multiplying(model: nn.Module) -> Iterator[tuple[str, Multiplying]]:
    """Yield, by name, the layers whose answer is one matrix times a row of inputs.

    A convolution in groups has several matrices, and one that is not padded by zeros other rows: these are not among
    them.
    """
    for name, layer in model.named_modules():
        if isinstance(layer, nn.Linear) or (
            isinstance(layer, nn.Conv2d)
            and layer.groups == 1
            and layer.padding_mode == "zeros"
            and not isinstance(layer.padding, str)
        ):
            yield name, layer


def width(layer: Multiplying) -> int:
    """Return the length of a layer's rows of inputs, the 1 that its bias is multiplied by among them."""
    return layer.weight[0].numel() + (layer.bias is not None)


def matrix(layer: Multiplying) -> Tensor:
    """Return a layer's matrix, (outputs, ``width``), its bias the last column; a copy, without gradient."""
    weight = layer.weight.detach().flatten(1)
    return weight.clone() if layer.bias is None else torch.cat([weight, layer.bias.detach()[:, None]], dim=1)


@torch.no_grad()
def put(layer: Multiplying, rows: Tensor) -> None:
    """Make ``rows``, (outputs, ``width``), a layer's matrix."""
    layer.weight.copy_(rows[:, : layer.weight[0].numel()].view_as(layer.weight))
    if layer.bias is not None:
        layer.bias.copy_(rows[:, -1])


def rows_into(layer: Multiplying, inputs: Tensor) -> Tensor:
    """Return what a layer multiplies of a batch, (places of all examples, ``width``), float32."""
    if isinstance(layer, nn.Linear):
        places = inputs.flatten(1, -2) if inputs.ndim > 2 else inputs[:, None]
    else:
        kernel, padding = layer.kernel_size, layer.padding
        places = F.unfold(inputs, kernel, layer.dilation, padding, layer.stride).transpose(1, 2)  # ty: ignore[invalid-argument-type] - no text
    rows = places[:, :: math.ceil(places.shape[1] / PLACES)].flatten(0, 1).float()
    return rows if layer.bias is None else F.pad(rows, (0, 1), value=1.0)


@torch.no_grad()
def mean_grams(model: Classifier, batches: Iterable[Tensor], widest: int) -> dict[str, Tensor]:
    """Return the mean of h hᵀ over what goes into each layer that multiplies, by name.

    Args:
        model: at rest meanwhile.
        batches: inputs of the network, (b, *shape) each.
        widest: of layers with longer rows the diagonal alone is taken.

    Returns:
        (d, d) or (d,), float32, of each layer through which the batches went.
    """
    sums: dict[str, Tensor] = {}
    counts: dict[str, int] = {}

    def note(name: str, layer: Multiplying, inputs: tuple[Tensor, ...]) -> None:
        rows = rows_into(layer, inputs[0])
        gram = rows.T @ rows if rows.shape[1] <= widest else rows.square().sum(dim=0)
        sums[name] = sums[name].add_(gram) if name in sums else gram
        counts[name] = counts.get(name, 0) + len(rows)

    hooks = [layer.register_forward_pre_hook(partial(note, name)) for name, layer in multiplying(model)]
    try:
        with resting(model):
            for inputs in batches:
                model(inputs.to(model.device))
    finally:
        for hook in hooks:
            hook.remove()
    return {name: total / counts[name] for name, total in sums.items()}
