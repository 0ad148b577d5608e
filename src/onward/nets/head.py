"""A linear head that grows by class name."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from onward.rng import generator


class Head(nn.Module):
    """A linear classifier in blocks, one for each time it grew. forward: (b, d) -> (b, classes).

    Rows that came together are one parameter. So the old rows are computed by the same matrix product before and
    after the head has grown, and their logits stay bit-equal; in one larger product they would not (the kernel, and
    with it the order of the sum, changes with the shape). A penalty or an optimiser meets old rows under old names.

    Args:
        features: d.
        sizes: the number of classes in each block.
        bias: whether each block has one.
    """

    def __init__(self, features: int, sizes: Sequence[int] = (), bias: bool = True) -> None:
        """Make the blocks with torch's own initialisation; ``grow`` draws rows by name instead."""
        super().__init__()
        self.in_features, self.bias = features, bias
        self.blocks = nn.ModuleList(nn.Linear(features, size, bias=bias) for size in sizes)

    @property
    def linears(self) -> list[nn.Linear]:
        """The blocks as what they are."""
        return cast("list[nn.Linear]", list(self.blocks))

    @property
    def weight(self) -> Tensor:
        """The rows of all blocks, (classes, d)."""
        rows = [block.weight for block in self.linears]
        return torch.cat(rows) if rows else torch.empty(0, self.in_features)

    @property
    def sizes(self) -> tuple[int, ...]:
        """The number of classes in each block."""
        return tuple(block.weight.shape[0] for block in self.linears)

    @property
    def out_features(self) -> int:
        """The number of classes."""
        return sum(self.sizes)

    def forward(self, features: Tensor) -> Tensor:
        """Return the logits, (b, classes)."""
        logits = [block(features) for block in self.blocks]
        if len(logits) == 1:
            return logits[0]
        return torch.cat(logits, dim=1) if logits else features.new_zeros(len(features), 0)

    def grow(self, names: Sequence[str], seed: int) -> None:
        """Append one row for each name, drawn from the stream of that name: the order of names moves no draw.

        Rows are uniform in +-1/sqrt(d), as torch draws a linear layer; biases are zero.
        """
        bound = 1 / math.sqrt(self.in_features)
        rows = [torch.rand(self.in_features, generator=generator(seed, "head", name)) for name in names]
        block = nn.utils.skip_init(nn.Linear, self.in_features, len(names), bias=self.bias)
        with torch.no_grad():
            block.weight.copy_((2 * torch.stack(rows) - 1) * bound)
            if self.bias:
                block.bias.zero_()
        self.blocks.append(block)
