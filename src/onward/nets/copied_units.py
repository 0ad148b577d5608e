"""Units that are copies of others: of what each channel of a larger network is a copy, value by value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, fx, nn

from onward.errors import InputError, unknown
from onward.nets.backbone import Backbone
from onward.nets.cross import inputs_of
from onward.nets.expanded import returned
from onward.nets.widening import Value, called_as, graph_of, layer_of, mixes, units, widths
from onward.rng import generator

TELLS_COPIES = (nn.LayerNorm, nn.GroupNorm)
"""Layers whose statistics are over channels, in which one that is there twice counts twice."""


class Copies(NamedTuple):
    """Of what each channel of a larger network is a copy: a place among the old ones, which come first as themselves.

    Args:
        come: of each feature or channel that goes into a layer, by the layer's name.
        go: of each that it makes.
        last: of each feature of the network, (d',).
    """

    come: dict[str, Tensor]
    go: dict[str, Tensor]
    last: Tensor


class Channels(NamedTuple):
    """How the channels of a value came about.

    Args:
        old: units of the layer that made them.
        more: copies of these.
        times: channels that depthwise convolutions made of each, side by side.
    """

    old: int
    more: int = 0
    times: int = 1

    def copies(self, seed: int, times: int = 1) -> Tensor:
        """Return of what each is a copy, where each is some times there, side by side; drawn with repetition.

        Channels that came about alike are drawn alike. So what meets in a sum is copied alike.
        """
        draws = generator(seed, "copies", self.old, self.more)
        units = torch.cat([torch.arange(self.old), torch.randint(self.old, (self.more,), generator=draws)])
        times *= self.times
        return (units[:, None] * times + torch.arange(times)).flatten()


def copies_of(network: Backbone, added: Mapping[str, int], seed: int) -> Copies:
    """Return of what each channel is a copy where layers gain units.

    Args:
        network: as it is, without the new units.
        added: how many units each layer gains, by its name; one that is not named gains none.
        seed: of the draws.

    Raises:
        InputError: when a layer or a function cannot be widened or tells a copy from what it copies, by its name; or
            a layer is not there.
    """
    graph = graph_of(network)
    known = widths(graph, network, [added])
    seen = channels_of(graph, network, known, added)
    into: dict[str, Channels] = {}
    come: dict[str, Tensor] = {}
    go: dict[str, Tensor] = {}
    for node, channels in seen.items():
        layer, place = layer_of(node, network), str(node.target)
        if layer is None:
            continue
        first = node.all_input_nodes[0]
        into[place] = alike([into.get(place, seen[first]), seen[first]], f"in '{place}', which is called twice,")
        come[place] = features_of(into[place], known[first], taken_by(layer), place, seed)
        go[place] = channels.copies(seed)
    if wrong := [place for place in added if place not in go]:
        raise unknown("layer with units", wrong[0], go)
    end = returned(graph)
    return Copies(come, go, features_of(seen[end], known[end], network.features, "head", seed))


def channels_of(
    graph: fx.Graph, network: Backbone, known: Mapping[fx.Node, Value | None], added: Mapping[str, int]
) -> dict[fx.Node, Channels]:
    """Return how the channels of each value came about that has some.

    Raises:
        InputError: see ``copies_of``.
    """
    seen: dict[fx.Node, Channels] = {}
    for node in graph.nodes:
        layer = layer_of(node, network)
        if known.get(node) is None:
            continue
        if node.op == "placeholder":
            seen[node] = Channels(1)
            continue
        refuse_what_tells_copies(node, layer)
        came = alike([seen[each] for each in node.all_input_nodes if each in seen], f"at '{node.name}'")
        if layer is not None and mixes(layer):
            came = Channels(units(layer), added.get(str(node.target), 0))
        elif isinstance(layer, nn.Conv2d):
            came = came._replace(times=came.times * (layer.out_channels // layer.in_channels))
        seen[node] = came
    return seen


def refuse_what_tells_copies(node: fx.Node, layer: nn.Module | None) -> None:
    """Refuse what says something else where a channel is there twice, or puts new channels before old ones.

    Raises:
        InputError: naming it.
    """
    if isinstance(layer, TELLS_COPIES) or called_as(node) == "cat":
        it = f"layer '{node.target}', a {type(layer).__name__}," if layer is not None else "'torch.cat'"
        raise InputError(
            f"{it} does not do with copied channels what it did without; units are copied where there are linear "
            "layers, convolutions, embeddings, batch norm, activations, dropout, pooling, flatten and sums. Take "
            "expanse, which puts new units beside the old ones"
        )


def alike(every: Sequence[Channels], where: str) -> Channels:
    """Return how the channels came about that meet.

    Raises:
        InputError: when they would be copied in different ways.
    """
    if any(each.more for each in every) and any(each != every[0] for each in every):
        raise InputError(
            f"what meets {where} is made by layers of different widths, whose units would be copied in different "
            "ways. Take expanse, which puts new units beside the old ones"
        )
    return max(every)


def features_of(channels: Channels, value: Value | None, size: int | None, place: str, seed: int) -> Tensor:
    """Return of what the features are copies where a layer takes ``size`` of a value; None where it takes any number.

    Places of a map that was flattened lie side by side.
    """
    if size is None or value is None:
        return channels.copies(seed)
    return channels.copies(seed, value.times(size, place)) if channels.more else torch.arange(size)


def taken_by(layer: nn.Module) -> int | None:
    """Return how many features or channels a layer takes; None where it takes any number, or none."""
    if isinstance(layer, nn.Linear | nn.Conv2d):
        return inputs_of(layer)
    return layer.num_features if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d) else None
