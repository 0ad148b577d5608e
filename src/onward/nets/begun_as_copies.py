"""New units of a widened network that begin as copies of units that were there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, fx, nn

from onward.nets.cross import Cross, inputs_of
from onward.nets.expanded import Expanded, found
from onward.nets.widening import Value, called_as, layer_of, mixes, units, widths
from onward.rng import generator

DRAWN = -1
"""The place of a unit that is no copy: where there are more new ones than old, the rest stays as it was drawn."""


@torch.no_grad()
def begin_as_copies(network: Expanded) -> None:
    """Let the units that a network gained last say what units said that were there, until they learn.

    A copy reads the copies of what its original reads, and where there is none the original's own input. So the copies
    are as much of the network as they number, free to move, and what is not copied stands behind them. Layer and group
    norms count new channels by themselves, so behind these the copies say something near it. What was there hears
    nothing of them at first, where it hears new units at all.

    Args:
        network: whose last units are new; their weights are changed in place.
    """
    stages, own = network.stages, network.own
    known = widths(network.graph, own, [each.units for each in stages])
    origins: dict[fx.Node, Tensor] = {}
    for node in network.graph.nodes:
        value = known.get(node)
        if value is None or not value.channels[-1]:
            continue
        layer, place = layer_of(node, own), str(node.target)
        origins[node] = origins_of(node, layer, known, origins, network.seed)
        if layer is None:
            continue
        blocks = [found(each.added, place) for each in stages]
        came = node.all_input_nodes[0]
        if isinstance(blocks[-1], Cross):
            copy_block(layer, blocks, place, known[came], origins[node], origins.get(came))
        elif blocks[-1] is not None:
            copy_alike([layer, *blocks], origins[node])
    for each in network.added.modules():
        if isinstance(each, Cross) and each.to_old is not None:
            each.to_old.get_parameter("weight").zero_()


def origins_of(
    node: fx.Node,
    layer: nn.Module | None,
    known: dict[fx.Node, Value | None],
    origins: dict[fx.Node, Tensor],
    seed: int,
) -> Tensor:
    """Return of which old channel each new one of a value is a copy, (n',) int64, all streams laid end to end.

    Channels of layers with as many units are drawn alike, without repetition. So what meets in a sum is copied alike.

    Args:
        node: which makes the value.
        layer: that it calls; None for a function.
        known: the channels of each value.
        origins: of the values before, where they have new channels.
        seed: of the draws.
    """
    value = cast(Value, known[node])
    if layer is not None and mixes(layer):
        there, more = sum(value.channels[:-1]), value.channels[-1]
        drawn = torch.randperm(there, generator=generator(seed, "copies", there, more))[:more]
        return torch.cat([drawn, torch.full((more - len(drawn),), DRAWN)])
    came = [each for each in node.all_input_nodes if each in origins]
    if called_as(node) == "cat":
        return joined([(cast(Value, known[each]), origins[each]) for each in came], value)
    if isinstance(layer, nn.Conv2d):
        return spread_out(origins[came[0]], layer.out_channels // layer.in_channels)
    return origins[came[0]]


def joined(parts: Sequence[tuple[Value, Tensor]], whole: Value) -> Tensor:
    """Return the origins in a value that is made of several, which are laid end to end within each stream."""
    starts, sizes = offsets(whole.channels), [0] * len(whole.channels)
    said = []
    for value, origin in parts:
        places = [
            start + before + torch.arange(n)
            for start, before, n in zip(starts[:-1], sizes[:-1], value.channels[:-1], strict=True)
        ]
        said.append(torch.where(origin == DRAWN, DRAWN, torch.cat(places)[origin]))
        sizes = [before + n for before, n in zip(sizes, value.channels, strict=True)]
    return torch.cat(said)


def offsets(sizes: Sequence[int]) -> list[int]:
    """Return where each of some parts begins when they lie end to end."""
    return [sum(sizes[:number]) for number in range(len(sizes))]


def spread_out(origins: Tensor, times: int) -> Tensor:
    """Return the origins where each channel is some times there, side by side."""
    wide = origins[:, None] * times + torch.arange(times)
    return torch.where(origins[:, None] == DRAWN, DRAWN, wide).flatten()


def copy_block(
    layer: nn.Module,
    blocks: Sequence[nn.Module | None],
    place: str,
    came: Value | None,
    rows: Tensor,
    columns: Tensor | None,
) -> None:
    """Let the new units of a layer that mixes be copies.

    Args:
        layer: as it was before the network ever grew.
        blocks: what each expansion put beside it; the last is to be filled.
        place: the layer's name.
        came: the channels of what goes into it.
        rows: the origin of each new unit.
        columns: of each new channel that goes in; None where there is none.
    """
    new = cast(Cross, blocks[-1])
    mine, its = rows != DRAWN, rows[rows != DRAWN]
    if isinstance(layer, nn.Embedding):
        olds = [layer, *(each.from_old for each in blocks[:-1] if isinstance(each, Cross))]
        weight = torch.cat([cast(nn.Embedding, each).weight for each in olds if each is not None], dim=1)
        cast(nn.Embedding, new.from_old).weight[:, mine] = weight[:, its]
        return
    assert came is not None
    times = came.times(inputs_of(layer), place) if any(came.channels[1:]) else 0
    weight, bias = as_one(layer, blocks[:-1], came, times)
    assert new.from_old is not None
    weight = weight[its]
    if new.from_new is not None and columns is not None:
        into = spread_out(columns, times)
        copied = into != DRAWN
        beside = torch.zeros_like(new.from_new.get_parameter("weight")[mine])
        beside[:, copied] = weight[:, into[copied]]
        new.from_new.get_parameter("weight")[mine] = beside
        weight[:, into[copied]] = 0
    new.from_old.get_parameter("weight")[mine] = weight
    if bias is not None:
        new.from_old.get_parameter("bias")[mine] = bias[its]


def as_one(
    layer: nn.Module, blocks: Sequence[nn.Module | None], came: Value, times: int
) -> tuple[Tensor, Tensor | None]:
    """Return the weight and the bias of a layer and what earlier expansions put beside it, as of one layer."""
    first = cast(Tensor, layer.weight)  # a parameter, or a buffer where it was never learned
    taken = [inputs_of(layer), *(times * each for each in came.channels[1:-1])]
    crosses = [each if isinstance(each, Cross) else None for each in blocks]
    made = [units(layer), *(0 if each is None or each.from_old is None else units(each.from_old) for each in crosses)]
    weight = first.new_zeros(sum(made), sum(taken), *first.shape[2:])
    weight[: made[0], : taken[0]] = first
    biases: list[Tensor] = [cast(Tensor, layer.bias)] if layer.bias is not None else []
    for cross, row, column, more, wider in zip(
        crosses, offsets(made)[1:], offsets(taken)[1:], made[1:], taken[1:], strict=True
    ):
        if cross is None:
            continue
        if cross.from_old is not None:
            weight[row : row + more, :column] = cross.from_old.get_parameter("weight")
            biases += [cross.from_old.get_parameter("bias")] if biases else []
        if cross.from_new is not None:
            weight[row : row + more, column : column + wider] = cross.from_new.get_parameter("weight")
        if cross.to_old is not None:
            weight[:row, column : column + wider] = cross.to_old.get_parameter("weight")
    return weight, torch.cat(biases) if biases else None


def copy_alike(layers: Sequence[nn.Module | None], origins: Tensor) -> None:
    """Let what stands beside a layer that treats channels alike begin as it stands at the originals.

    Args:
        layers: that of the network, what earlier expansions put beside it, and last what is to be filled.
        origins: of the channels that it makes.
    """
    *olds, new = [each.state_dict() for each in layers if each is not None]
    for name, value in new.items():
        if not value.ndim:
            value.copy_(olds[0][name])
            continue
        whole = torch.cat([each[name] for each in olds])
        wide = spread_out(origins, len(value) // len(origins))
        value[wide != DRAWN] = whole[wide[wide != DRAWN]]
