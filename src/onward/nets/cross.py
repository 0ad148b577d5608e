"""The layers that stand beside those of a network when it is widened."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import cast

import torch
from torch import Tensor, fx, nn

from onward.nets.widening import Value, layer_of, mixes, units, widths
from onward.rng import isolated


class Cross(nn.Module):
    """What a layer that mixes its inputs gains: the blocks from old to new, from new to new and from new to old.

    Args:
        from_old: from all that was there to the new units, with the bias; None where there are no new units.
        from_new: from new inputs; None where there are none.
        to_old: from new inputs to all that was there; None where what was there is not to change.
    """

    def __init__(self, from_old: nn.Module | None, from_new: nn.Module | None, to_old: nn.Module | None) -> None:
        """Take the blocks."""
        super().__init__()
        self.from_old, self.from_new, self.to_old = from_old, from_new, to_old

    def forward(self, old: Tensor, new: Tensor | None) -> Tensor | None:
        """Return what the new units say of what comes in, old and new; None where there are none."""
        if self.from_old is None:
            return None
        said = self.from_old(old)
        return said if new is None or self.from_new is None else said + self.from_new(new)

    def back(self, new: Tensor | None) -> Tensor | None:
        """Return what is added to what was there; None for nothing."""
        return None if new is None or self.to_old is None else self.to_old(new)


def beside(
    graph: fx.Graph, network: nn.Module, added: Sequence[Mapping[str, int]], crossed: bool, seed: int
) -> Iterator[tuple[str, nn.Module]]:
    """Yield what stands beside each layer for the last of some expansions, by the layer's name.

    Args:
        graph: see ``widths``.
        network: see ``widths``.
        added: see ``widths``.
        crossed: whether the new units go into what was there as well.
        seed: of the draws; a layer's by its name.
    """
    known, made = widths(graph, network, added), set()
    for node in graph.nodes:
        layer, place = layer_of(node, network), str(node.target)
        if layer is None or place in made:
            continue
        made.add(place)
        came, goes = known[node.all_input_nodes[0]], known[node]
        assert came is not None and goes is not None
        with isolated(seed, "added", place):
            if mixes(layer):
                new = crossing(layer, place, came, goes, crossed)
            else:
                new = alike(layer, place, came) if came.channels[-1] else None
        if new is not None:
            yield place, new


def crossing(layer: nn.Module, place: str, came: Value, goes: Value, crossed: bool) -> Cross | None:
    """Return the new blocks of a layer that mixes channels, drawn; None where nothing is new."""
    if isinstance(layer, nn.Embedding):
        new = nn.Embedding(layer.num_embeddings, goes.channels[-1], layer.padding_idx) if goes.channels[-1] else None
        return Cross(new, None, None) if new else None
    times = came.times(inputs_of(layer), place) if any(came.channels[1:]) or not came.flat else 0
    old, new = inputs_of(layer) + times * sum(came.channels[1:-1]), times * came.channels[-1]
    there, more = units(layer) + sum(goes.channels[1:-1]), goes.channels[-1]
    if not more and not (crossed and new):
        return None
    return Cross(
        block(layer, old, more, old + new, own=True) if more else None,
        block(layer, new, more, old + new) if more and new else None,
        block(layer, new, there, old + new) if crossed and new else None,
    )


def inputs_of(layer: nn.Module) -> int:
    """Return how many features or channels a layer takes."""
    return layer.in_features if isinstance(layer, nn.Linear) else cast(nn.Conv2d, layer).in_channels


@torch.no_grad()
def block(layer: nn.Module, size: int, wider: int, fan_in: int, own: bool = False) -> nn.Module:
    """Return a block of a layer, drawn as torch draws a layer of ``fan_in`` inputs; the bias goes with ``own``.

    That is uniform in +-1/sqrt(f), with f the numbers that come together in one unit, old and new.
    """
    if isinstance(layer, nn.Conv2d):
        made: nn.Module = convolution(layer, size, wider, bias=own and layer.bias is not None)
    else:
        made = nn.Linear(size, wider, bias=own and layer.get_parameter("bias") is not None)
    for parameter in made.parameters():
        parameter.mul_(math.sqrt(size / fan_in))
    return made


def convolution(layer: nn.Conv2d, size: int, wider: int, groups: int = 1, bias: bool = True) -> nn.Conv2d:
    """Return a convolution like another one, from so many channels to so many."""
    window, stride, dilation = (
        cast("tuple[int, int]", each) for each in (layer.kernel_size, layer.stride, layer.dilation)
    )
    padding = layer.padding if isinstance(layer.padding, str) else cast("tuple[int, int]", layer.padding)
    return nn.Conv2d(size, wider, window, stride, padding, dilation, groups, bias, layer.padding_mode)


def alike(layer: nn.Module, place: str, came: Value) -> nn.Module:
    """Return a layer like one that treats channels alike, for the new channels alone."""
    new = came.channels[-1]
    if isinstance(layer, nn.Conv2d):
        wide = new * (layer.out_channels // layer.in_channels)
        return convolution(layer, new, wide, groups=new, bias=layer.bias is not None)
    if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
        wide = new * came.times(layer.num_features, place)
        return type(layer)(wide, layer.eps, layer.momentum, layer.affine, layer.track_running_stats)
    if isinstance(layer, nn.LayerNorm):
        wide, bias = new * came.times(layer.normalized_shape[0], place), getattr(layer, "bias", None) is not None
        return nn.LayerNorm(wide, layer.eps, layer.elementwise_affine, bias=bias)
    if isinstance(layer, nn.GroupNorm):
        wide = new * came.times(layer.num_channels, place)
        return nn.GroupNorm(math.gcd(layer.num_groups, wide), wide, layer.eps, layer.affine)
    return copy.deepcopy(layer)
