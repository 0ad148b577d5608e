"""How many units each layer of a network gains: a share of what it has, or what a budget allows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import fx

from onward.errors import InputError, counted, listed
from onward.nets.backbone import Backbone
from onward.nets.cross import beside
from onward.nets.expanded import Expanded
from onward.nets.widening import graph_of, layer_of, mixes, widths


def read(backbone: Backbone) -> tuple[fx.Graph, Backbone, list[dict[str, int]]]:
    """Return the graph of a backbone, the network under all expansions, and the units that each of these added."""
    if isinstance(backbone, Expanded):
        return backbone.graph, backbone.own, [each.units for each in backbone.stages]
    return graph_of(backbone), backbone, []


def layers_of(backbone: Backbone) -> dict[str, int]:
    """Return how many units each layer has that can gain some, by its name in the network under all expansions.

    Raises:
        InputError: when the network has no such layer, or something in it cannot be widened.
    """
    graph, own, counts = read(backbone)
    there = {
        str(node.target): sum(value.channels)
        for node, value in widths(graph, own, counts).items()
        if value is not None and mixes(layer_of(node, own))
    }
    if not there:
        raise InputError("layers are widened, and this network has none that could gain units; take freeze_old_rows")
    return there


def by_ratio(backbone: Backbone, ratio: float) -> dict[str, int]:
    """Return how many units each layer gains where it gains a share of those that it has, rounded up."""
    return share_of(layers_of(backbone), ratio)


def share_of(sizes: Mapping[str, int], ratio: float) -> dict[str, int]:
    """Return a share of each size, rounded up; of nothing, nothing."""
    return {place: math.ceil(ratio * size) for place, size in sizes.items() if ratio}


def each_of(units: int | Sequence[int]) -> Sequence[int]:
    """Return the numbers that are given: one for all layers, or one for each."""
    return (units,) if isinstance(units, int) else units


def by_units(backbone: Backbone, units: int | Sequence[int]) -> dict[str, int]:
    """Return how many units each layer gains where that is given: in each, or in one layer after another.

    Raises:
        InputError: when there is not one number for each layer; names the layers.
    """
    places = layers_of(backbone)
    if isinstance(units, int):
        return dict.fromkeys(places, units)
    if len(units) != len(places):
        raise InputError(
            f"units gives {counted(len(units), 'number')}, {listed(units)}, and {counted(len(places), 'layer')} can "
            f"gain some: {listed(places)}. Give one for each, or one for all"
        )
    return dict(zip(places, units, strict=True))


def by_budget(backbone: Backbone, budget: int, crossed: bool = False) -> dict[str, int]:
    """Return the units of the largest ratio at which a network gains at most ``budget`` parameters.

    Raises:
        InputError: when one more unit in each layer is too much.
    """
    sizes, (graph, own, before) = layers_of(backbone), read(backbone)

    def cost(ratio: float) -> int:
        with torch.device("meta"):  # what would be there has shapes, and no numbers
            made = beside(graph, own, [*before, share_of(sizes, ratio)], crossed, seed=0)
            return sum(parameter.numel() for _, layer in made for parameter in layer.parameters())

    low, high = 0.0, 1e-9
    if (least := cost(high)) > budget:
        raise InputError(
            f"one more unit in each layer makes {least:,} parameters, and budget allows {budget:,}; raise it, or set "
            "ratio to 0"
        )
    while cost(high) <= budget:
        low, high = high, max(4 * high, 1 / 64)
    while high - low > 1e-4 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if cost(middle) <= budget else (low, middle)
    return share_of(sizes, low)
