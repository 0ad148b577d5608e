"""Which units the last expansion of a network added, and where in its tensors each of them stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from torch import Tensor, fx, nn

from onward.errors import InputError
from onward.nets.classifier import Classifier
from onward.nets.cross import Cross
from onward.nets.expanded import Expanded, found, returned
from onward.nets.widening import called_as, layer_of, mixes, widths


class Units(NamedTuple):
    """The added units by number. What meets in a sum is one unit, though several layers make it.

    Args:
        count: of them.
        come: the unit of each added channel that goes into a layer, by the layer's name.
        go: of each that a layer makes.
        last: of each that the backbone returns.
    """

    count: int
    come: dict[str, Tensor]
    go: dict[str, Tensor]
    last: Tensor


class Marks(NamedTuple):
    """Which unit each place on an axis of a tensor belongs to.

    Args:
        name: of the tensor, in the state dict of the classifier.
        axis: of it.
        units: one for each place, (n,); -1 for what is no added unit's.
        read: whether these are weights by which the unit is read, else what makes it.
    """

    name: str
    axis: int
    units: Tensor
    read: bool


def expansion(model: Classifier) -> Expanded:
    """Return the last expansion of a network.

    Raises:
        InputError: when there is none.
    """
    if not isinstance(model.backbone, Expanded):
        raise InputError("only an expanded network has units that were added; this one was never expanded")
    return model.backbone


def units_of(backbone: Expanded) -> Units:
    """Return the units that the last expansion added."""
    graph, own = backbone.graph, backbone.own
    known = widths(graph, own, [each.units for each in backbone.stages])
    numbers = torch.arange(sum(backbone.units.values()))
    none, go = numbers[:0], dict(zip(backbone.units, numbers.split(list(backbone.units.values())), strict=True))
    streams: dict[fx.Node, Tensor] = {}
    come: dict[str, Tensor] = {}
    same: list[tuple[Tensor, Tensor]] = []
    for node in graph.nodes:
        if known.get(node) is None:
            continue
        layer, place = layer_of(node, own), str(node.target)
        came = [streams[each] for each in node.all_input_nodes if each in streams]
        if layer is not None:
            same.append((come.setdefault(place, came[0]), came[0]))  # a layer that is called twice
        if layer is not None and mixes(layer):
            streams[node] = go.get(place, none)
        else:
            streams[node] = followed(node, layer, came or [none], same)
    one, other = (torch.cat(each).numpy() for each in zip(*same, strict=True))
    pairs = coo_array((np.ones(len(one)), (one, other)), shape=(len(numbers), len(numbers)))
    kinds, labels = connected_components(pairs, directed=False)
    label = torch.from_numpy(labels).long()
    come, go = ({place: label[each] for place, each in side.items()} for side in (come, go))
    return Units(int(kinds), come, go, label[streams[returned(graph)]])


def followed(
    node: fx.Node, layer: nn.Module | None, came: Sequence[Tensor], same: list[tuple[Tensor, Tensor]]
) -> Tensor:
    """Return the units in a value that has those of what it is made from; units that meet in it are noted as one."""
    if called_as(node) == "cat":
        return torch.cat(list(came))
    same += [(came[0], other) for other in came[1:]]
    each = layer.out_channels // layer.in_channels if isinstance(layer, nn.Conv2d) else 1
    return came[0].repeat_interleave(each)


def marks_of(model: Classifier) -> Iterator[Marks]:
    """Yield where the added units of a network stand: in every tensor that would be smaller without one of them.

    Raises:
        InputError: when it was never expanded.
    """
    backbone = expansion(model)
    units = units_of(backbone)
    for place in {**units.come, **units.go}:
        layer, under = found(backbone.added, place), f"backbone.added.{place}"
        if isinstance(layer, Cross):
            yield from crossed_marks(layer, under, units.come[place], units.go.get(place, units.last[:0]))
        elif layer is not None:
            for name, tensor in layer.state_dict().items():
                if tensor.ndim:
                    yield Marks(f"{under}.{name}", 0, spread(units.come[place], len(tensor)), read=False)
    before = backbone.inner.features
    for name, linear in model.head.named_modules(prefix="head"):
        if isinstance(linear, nn.Linear) and linear.in_features > before:
            added = spread(units.last, linear.in_features - before)
            yield Marks(f"{name}.weight", 1, torch.cat([added.new_full((before,), -1), added]), read=True)


def crossed_marks(layer: Cross, under: str, come: Tensor, go: Tensor) -> Iterator[Marks]:
    """Yield where units stand in the blocks of a layer that mixes channels."""
    for part, block in layer.named_children():
        for name, tensor in block.named_parameters():
            whole = f"{under}.{part}.{name}"
            if part != "to_old":
                yield Marks(whole, 1 if isinstance(block, nn.Embedding) else 0, go, read=False)
            if part != "from_old" and name == "weight":
                yield Marks(whole, 1, spread(come, tensor.shape[1]), read=True)


def spread(units: Tensor, size: int) -> Tensor:
    """Return the unit of each of ``size`` features, where those of a channel that was flattened lie side by side."""
    return units.repeat_interleave(size // max(len(units), 1))
