"""A subspace of weights: corners around a network's own weights, and the points between them from which steps look."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import torch
from torch import Generator, Tensor, nn

from onward.nets.classifier import Classifier
from onward.types import Data, Kept

Draw = Callable[[str], Generator]
"""Gives the stream of a purpose by its name."""


class Look(NamedTuple):
    """One point from which a step looks at a loss: ``Σ shares_i w_i``, and what is missing to 1 of an anchor.

    Args:
        shares: of the corners, (n,).
        slopes: by what the gradient at the point is multiplied for each corner, (n,); by the chain rule the shares.
        anchor: the name of a point that stands still; None where the shares add up to 1.
        part: which of a batch's examples are looked at: ``all``; ``beside``, the first of the phase's mixes; or
            ``rest``, all others.
        weight: of what is seen, in the step's objective.
    """

    shares: Tensor
    slopes: Tensor
    anchor: str | None = None
    part: Literal["all", "beside", "rest"] = "all"
    weight: float = 1.0


def anywhere(corners: int, draws: Generator) -> Iterable[Look]:
    """Yield one look from anywhere in the simplex: Doan et al. 2023, Alg. 4."""
    shares = simplex(corners, draws)
    yield Look(shares, shares)


@dataclass(frozen=True)
class Subspace:
    """Corners around the weights of a network, which are the midpoint. It is changed by the phase that moves in it.

    Args:
        offsets: of each corner from the midpoint, by parameter, (n, *shape); they add up to 0.
        looks: from where a step looks; drawn anew for every step.
        anchors: points that stand still, by their name and then by parameter.
        diversity: β of ``β cos²(w_i, w_j)``, which is minimised for a random pair of corners each step.
        resting: whether dropout rests.
        normalised_on: on what batch norm's statistics are taken when the phase is over; None is the phase's data.
    """

    offsets: MutableMapping[str, Tensor]
    looks: Callable[[int, Generator], Iterable[Look]] = anywhere
    anchors: Mapping[str, Mapping[str, Tensor]] = field(default_factory=dict)
    diversity: float = 0.0
    resting: bool = False
    normalised_on: Data | None = None

    @property
    def corners(self) -> int:
        """How many there are."""
        return len(next(iter(self.offsets.values())))


def simplex(corners: int, draws: Generator) -> Tensor:
    """Return a point of the simplex, (corners,), each as likely: normalised draws of the exponential distribution.

    >>> shares = simplex(3, torch.Generator().manual_seed(0))
    >>> bool(shares.min() > 0), round(float(shares.sum()), 6)
    (True, 1.0)
    """
    waits = torch.empty(corners, dtype=torch.float64).exponential_(generator=draws)
    return waits.div_(waits.sum())


@torch.no_grad()
def spread(model: Classifier, corners: int, width: float, draw: Draw) -> dict[str, Tensor]:
    """Return corners around a network: each is its weights times ``N(1, width²)``, shifted so that the midpoint stays.

    Rows of the head are drawn by the names of their classes, all else by the name of the parameter.

    Args:
        model: left as it is.
        corners: how many, n.
        width: σ of the noise, >= 0.
        draw: gives the stream of a parameter or a class.

    Returns:
        The offset of each corner, by parameter that an update moves, (n, *shape).
    """
    names, noise = list(model.classes), {}
    for name, parameter in model.named_parameters():
        if not name.startswith("head.blocks."):
            shape = (corners, *parameter.shape)
            noise[name] = torch.randn(shape, generator=draw(name)) if model.trains(name) else torch.empty(0)
    for number, block in enumerate(model.head.linears):
        here, names = names[: len(block.weight)], names[len(block.weight) :]
        for part, parameter in block.named_parameters():
            rows = [torch.randn(corners, *parameter.shape[1:], generator=draw(f"{part} of {name}")) for name in here]
            noise[f"head.blocks.{number}.{part}"] = torch.stack(rows, dim=1)
    return {
        name: width * (noise[name] - noise[name].mean(0)).to(parameter) * parameter
        for name, parameter in model.named_parameters()
        if model.trains(name)
    }


def around(model: Classifier, kept: Kept, corners: int, width: float, draw: Draw) -> dict[str, Tensor]:
    """Return the corners that were kept, around where the network is now; others are spread, as those of new classes.

    Args:
        model: left as it is.
        kept: offsets of corners by parameter, as ``Subspace`` has them.
        corners: how many; where as many were not kept, all are spread.
        width: see ``spread``.
        draw: see ``spread``.
    """
    fresh = spread(model, corners, width, draw)
    return {
        name: kept[name].to(offset) if name in kept and kept[name].shape == offset.shape else offset
        for name, offset in fresh.items()
    }


def weights(model: nn.Module) -> dict[str, Tensor]:
    """Return copies of a network's parameters by name: an anchor where it is now."""
    return {name: parameter.detach().clone() for name, parameter in model.named_parameters()}


@torch.no_grad()
def put_between(model: nn.Module, one: Mapping[str, Tensor], other: Mapping[str, Tensor], share: float) -> None:
    """Put a network at ``share`` of one point and the rest of another."""
    for name, parameter in model.named_parameters():
        parameter.copy_(torch.lerp(other[name].double(), one[name].double(), share))
