"""An epoch's batches: shuffled new data, and beside it what a phase mixes in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Generator, Tensor

from onward.errors import InputError
from onward.nets.classifier import Classifier
from onward.nets.resting import resting
from onward.phase import Phase
from onward.rng import dealt
from onward.step import Piece
from onward.types import Batch, Data, Examples, in_order


def steps_in(phase: Phase) -> int:
    """Return the optimiser steps of one epoch."""
    return len(cut(torch.arange(len(phase.data)), phase.settings.batch_size))


def cut(order: Tensor, size: int) -> list[Tensor]:
    """Cut an order into batches. A last batch of one joins the one before it, for batch norm has no use for one."""
    batches = list(order.split(size))
    if len(batches) > 1 and len(batches[-1]) == 1:
        batches[-2:] = [torch.cat(batches[-2:])]
    return batches


def resident(data: Data, device: torch.device) -> Data:
    """Return in-memory data on the device, once for a whole phase; other data as it is."""
    return data.to(device) if isinstance(data, Examples) else data


@torch.no_grad()
def featured(data: Data, model: Classifier) -> Examples:
    """Return what a model makes of examples in the place of their inputs: features, (n, d)."""
    with resting(model):
        features = [model.features(batch.inputs.to(model.device)) for batch in in_order(data)]
    return Examples(torch.cat(features), data.targets.to(model.device), data.classes)


def as_they_are(features: Tensor) -> Tensor:
    """Return features, where the data is those already."""
    return features


def epoch(phase: Phase, sources: Sequence[Data], draws: Generator) -> Iterator[tuple[Piece, ...]]:
    """Yield where each batch of an epoch lies: first the new data's rows, then those of each mix, those apart last.

    All draws of the epoch are made at once, so a step costs no draw.

    Args:
        phase: for the sizes.
        sources: the phase's data and that of each mix, where they are to be read from.
        draws: the epoch's stream.
    """
    orders = [cut(torch.randperm(len(sources[0]), generator=draws), phase.settings.batch_size)]
    for mix in (*phase.mixes, *phase.apart):
        orders.append(list(dealt(len(mix.data), mix.size * len(orders[0]), draws).split(mix.size)))
    given = [phase.data, *(mix.data for mix in (*phase.mixes, *phase.apart))]
    for rows in zip(*orders, strict=True):
        yield tuple(map(Piece, sources, rows, given))


def parted(batch: Batch, pieces: Sequence[Piece], own: int) -> list[Batch]:
    """Return what the first ``own`` pieces of a batch are, in one, and after it what each of the others is."""
    if len(pieces) == own:
        return [batch]
    sizes = [len(piece.rows) for piece in pieces]
    cuts = [sum(sizes[:own]), *sizes[own:]]
    return [Batch(*both) for both in zip(batch.inputs.split(cuts), batch.targets.split(cuts), strict=True)]


def gathered(pieces: Sequence[Piece], device: torch.device) -> Batch:
    """Return the examples of all pieces as one batch on the device.

    Raises:
        InputError: when the pieces are of different shape or type.
    """
    if len(pieces) == 1:
        batch = pieces[0].data.take(pieces[0].rows)
        return batch if batch.inputs.device == device else Batch(batch.inputs.to(device), batch.targets.to(device))
    parts = [piece.data.take(piece.rows) for piece in pieces]
    if len({(part.inputs.shape[1:], part.inputs.dtype) for part in parts}) > 1:
        kinds = " and ".join(f"{tuple(part.inputs.shape[1:])} {part.inputs.dtype}" for part in parts)
        raise InputError(f"new examples and kept ones must have one shape and type, got {kinds}")
    inputs = torch.cat([part.inputs.to(device) for part in parts])
    return Batch(inputs, torch.cat([part.targets.to(device) for part in parts]))
