"""Layers with more units, of which each is a copy: what reads a unit shares its weight among it and its copies."""

from __future__ import annotations

from typing import cast

import torch
from torch import Generator, Tensor, nn

from onward.nets.head import Head
from onward.nets.widening import mixes

NORMS = nn.BatchNorm1d | nn.BatchNorm2d


@torch.no_grad()
def enlarge(layer: nn.Module, come: Tensor, go: Tensor) -> bool:
    """Let a layer read and make copies; return whether it is larger now.

    Args:
        layer: changed in place, by new tensors in the places of its own.
        come: of which old feature each is a copy that it reads from now on.
        go: of which old unit each is a copy that it makes from now on.
    """
    came, gone = ("num_features",), ()
    if isinstance(layer, nn.Embedding):
        came, gone = (), ("embedding_dim",)
    elif isinstance(layer, nn.Linear):
        came, gone = ("in_features",), ("out_features",)
    elif isinstance(layer, nn.Conv2d):
        came, gone = ("in_channels", "groups") if layer.groups > 1 else ("in_channels",), ("out_channels",)
    elif not isinstance(layer, NORMS):
        return False
    sizes = {**dict.fromkeys(came, len(come)), **dict.fromkeys(gone, len(go))}
    larger = any(getattr(layer, name) != size for name, size in sizes.items())
    if larger:
        for name, tensor in own(layer).items():
            put(layer, name, copied(layer, tensor, come, go))
        for name, size in sizes.items():
            setattr(layer, name, size)
    return larger


def own(layer: nn.Module) -> dict[str, Tensor]:
    """Return the tensors of a layer that have a place for each unit; a shortcut that pads has them as buffers."""
    return {
        name: tensor
        for every in (layer.named_parameters(recurse=False), layer.named_buffers(recurse=False))
        for name, tensor in every
        if tensor.ndim
    }


def copied(layer: nn.Module, tensor: Tensor, come: Tensor, go: Tensor) -> Tensor:
    """Return a tensor of a layer with copies; see ``enlarge``."""
    come, go = come.to(tensor.device), go.to(tensor.device)
    if isinstance(layer, NORMS):
        return tensor[come]
    if isinstance(layer, nn.Embedding):
        return tensor[:, go]
    return (shared(tensor, come) if mixes(layer) and tensor.ndim > 1 else tensor)[go]


def shared(weight: Tensor, come: Tensor) -> Tensor:
    """Return weights, (units, d', *window), by which copies are read: each has a like share of what it is a copy of.

    Args:
        weight: (units, d, *window).
        come: of which of the d each of the d' is a copy, (d',).
    """
    shares = come.bincount()[come].to(weight)
    return weight[:, come] / shares.view(-1, *(1,) * (weight.ndim - 2))


def put(layer: nn.Module, name: str, tensor: Tensor) -> None:
    """Put a tensor in the place of a layer's own. One that no file has is in every file from now on: it was drawn."""
    before = getattr(layer, name)
    if isinstance(before, nn.Parameter):
        setattr(layer, name, nn.Parameter(tensor, requires_grad=before.requires_grad))
    else:
        layer.register_buffer(name, tensor)


def redraw(layer: nn.Module) -> None:
    """Draw the parameters of a layer as torch does; a weight that is no parameter stands."""
    if "weight" not in dict(layer.named_buffers(recurse=False)):
        cast(nn.Linear, layer).reset_parameters()


@torch.no_grad()
def read_copies(head: Head, come: Tensor) -> None:
    """Let every row of a head read features of which some are copies, and say what it said.

    Args:
        head: of which all rows read all features; changed in place.
        come: of which old feature each is a copy, (d',).
    """
    for rows in (*head.linears, *head.added):
        rows.weight = nn.Parameter(shared(rows.weight, come.to(rows.weight.device)))
        rows.in_features = len(come)
    head.in_features = len(come)


@torch.no_grad()
def disturb(layer: nn.Module, copies: int, noise: float, draws: Generator) -> None:
    """Add noise to the weights that make the last units of a layer, which are copies, so that they part.

    Weights that are no parameters stand: a shortcut that pads goes on to do so.

    Args:
        layer: that mixes channels; changed in place.
        copies: how many of its units are copies, the last ones.
        noise: times the standard deviation of the layer's weights.
        draws: of the noise, which is normal.
    """
    weight = dict(layer.named_parameters()).get("weight")
    if weight is None:
        return
    last = weight[:, -copies:] if isinstance(layer, nn.Embedding) else weight[-copies:]
    last += noise * weight.std(correction=0) * torch.randn(last.shape, generator=draws).to(weight)
