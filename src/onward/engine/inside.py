"""How a phase moves within a subspace: a step looks from points between corners, and the corners move."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from onward.nets.averaging import renormalise
from onward.nets.classifier import Classifier
from onward.nets.corners import Corners
from onward.nets.subspace import Look
from onward.phase import Phase
from onward.step import Piece, Step

Slope = Callable[[Step], list[Tensor]]
"""Leaves the gradient of the objective on a step's examples in the parameters, and returns the terms' values."""


class Inside:
    """A phase within a subspace, on its way: the corners, and where each step looks from."""

    def __init__(
        self, phase: Phase, model: Classifier, chosen: dict[str, nn.Parameter], paces: Sequence[float]
    ) -> None:
        """Lay out the corners."""
        assert phase.within is not None
        settings = phase.settings
        self.phase, self.model, self.space = phase, model, phase.within
        self.corners = Corners(chosen, self.space.offsets, settings.lr, settings.momentum, settings.weight_decay, paces)
        self.anchors = {name: self.corners.flat(point) for name, point in self.space.anchors.items()}
        if self.space.resting:
            fewest = min([settings.batch_size, len(phase.data), *(mix.size for mix in (*phase.mixes, *phase.apart))])
            rest(model, but_norms=fewest > 1)

    def step(self, step: Step, slope: Slope) -> list[Tensor]:
        """Move the corners by what is seen from each look.

        Returns:
            The terms' values: the weighted sum over the looks.
        """
        seen = [self.seen(look, step, slope) for look in self.space.looks(self.space.corners, step.generator)]
        if self.space.diversity:
            one, other = torch.randperm(self.space.corners, generator=step.generator)[:2].tolist()
            self.corners.part(one, other, self.space.diversity)
        self.corners.step()
        if self.phase.followers:
            self.corners.settle()
        return seen[0] if len(seen) == 1 else [torch.stack(values).sum() for values in zip(*seen, strict=True)]

    def seen(self, look: Look, step: Step, slope: Slope) -> list[Tensor]:
        """Return the terms' values, weighted, from one point; their slope there is felt by the corners."""
        self.corners.place(look, None if look.anchor is None else self.anchors[look.anchor])
        values = slope(step if look.part == "all" else self.part(look, step))
        self.corners.feel(look)
        return values if look.weight == 1 else [value.detach() * look.weight for value in values]

    def part(self, look: Look, step: Step) -> Step:
        """Return the step of the examples that a look is at: those of the first mix, or all others."""
        wanted = [(place == 1) == (look.part == "beside") for place in range(len(step.pieces))]
        sizes = [len(piece.rows) for piece in step.pieces]
        places = torch.cat([torch.full((size,), want) for size, want in zip(sizes, wanted, strict=True)])
        pieces = [
            piece if want else Piece(piece.data, piece.rows[:0])
            for piece, want in zip(step.pieces, wanted, strict=True)
        ]
        return step.part(places.nonzero()[:, 0].to(self.model.device), pieces)

    def settle(self, draws: torch.Generator) -> None:
        """Put the model at the midpoint, batch norm's statistics included."""
        self.corners.settle()
        data = self.phase.data if self.space.normalised_on is None else self.space.normalised_on
        renormalise(self.model, data, draws, self.phase.trains)

    def leave(self, best: Tensor | None, draws: torch.Generator) -> None:
        """Hand the corners back, or the ``best`` ones, at whose midpoint the model is already; else put it there."""
        if best is None:
            self.settle(draws)
        else:
            self.corners.corners.copy_(best)
        self.space.offsets.update(self.corners.offsets())
        self.corners.release()


def rest(model: nn.Module, but_norms: bool) -> None:
    """Let dropout and its like rest; batch norm may go on by the batch, for no statistics fit a point that moves."""
    norms = [module for module in model.modules() if isinstance(module, _BatchNorm) and module.training]
    model.eval()
    for norm in norms if but_norms else ():
        norm.train()
