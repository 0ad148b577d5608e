"""A linear head that grows by class name."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from onward.rng import generator


class Head(nn.Module):
    """A linear classifier in blocks, one for each time it grew. forward: (b, d) -> (b, classes).

    Rows that came together are one parameter. So the old rows are computed by the same matrix product before and
    after the head has grown, and their logits stay bit-equal; in one larger product they would not (the kernel, and
    with it the order of the sum, changes with the shape). A penalty or an optimiser meets old rows under old names.

    A block may read the first features alone, those that there were when it was made: what comes later then never
    reaches its logits. What examples of its classes teach of later features goes into a correction beside it.

    Args:
        features: d.
        sizes: the number of classes in each block.
        bias: whether each block has one.
        reads: how many features each block reads; None is all.
        corrections: of each, the ``rows`` that it adds to and how many features it ``reads``.
    """

    def __init__(
        self,
        features: int,
        sizes: Sequence[int] = (),
        bias: bool = True,
        reads: Sequence[int] | None = None,
        corrections: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        """Make the blocks with torch's own initialisation; ``grow`` draws rows by name instead."""
        super().__init__()
        self.in_features, self.bias = features, bias
        each = [features] * len(sizes) if reads is None else reads
        self.blocks = nn.ModuleList(nn.Linear(k, size, bias=bias) for k, size in zip(each, sizes, strict=True))
        self.corrections = nn.ModuleList(Correction(bias=bias, **every) for every in corrections)

    @property
    def linears(self) -> list[nn.Linear]:
        """The blocks as what they are."""
        return cast("list[nn.Linear]", list(self.blocks))

    @property
    def weight(self) -> Tensor:
        """The rows with what is added to them, (classes, d); zero at features that a block does not read."""
        if not self.blocks:
            return torch.empty(0, self.in_features)
        rows = torch.cat([F.pad(each.weight, (0, self.in_features - each.in_features)) for each in self.linears])
        for each in self.added:
            wide = F.pad(each.weight, (0, self.in_features - each.in_features))
            rows = rows.index_add(0, each.places, wide)
        return rows

    @property
    def sizes(self) -> tuple[int, ...]:
        """The number of classes in each block."""
        return tuple(block.weight.shape[0] for block in self.linears)

    @property
    def out_features(self) -> int:
        """The number of classes."""
        return sum(self.sizes)

    @property
    def reads(self) -> tuple[int, ...]:
        """How many features each block reads."""
        return tuple(block.in_features for block in self.linears)

    @property
    def added(self) -> list[Correction]:
        """The corrections as what they are."""
        return cast("list[Correction]", list(self.corrections))

    def forward(self, features: Tensor) -> Tensor:
        """Return the logits, (b, classes)."""
        said = [block(first(features, block.in_features)) for block in self.linears]
        if not said:
            return features.new_zeros(len(features), 0)
        logits = said[0] if len(said) == 1 else torch.cat(said, dim=1)
        for each in self.added:
            logits = logits.index_add(1, each.places, each(first(features, each.in_features)))
        return logits

    def grow(self, names: Sequence[str], seed: int, reads: int | None = None) -> None:
        """Append one row for each name, drawn from the stream of that name: the order of names moves no draw.

        Rows are uniform in +-1/sqrt(d), as torch draws a linear layer; biases are zero.

        Args:
            names: of the classes.
            seed: of the draws.
            reads: of the first how many features, d; None is all.
        """
        features = self.in_features if reads is None else reads
        bound = 1 / math.sqrt(features)
        rows = [torch.rand(features, generator=generator(seed, "head", name)) for name in names]
        block = nn.utils.skip_init(nn.Linear, features, len(names), bias=self.bias)
        with torch.no_grad():
            block.weight.copy_((2 * torch.stack(rows) - 1) * bound)
            if self.bias:
                block.bias.zero_()
        self.blocks.append(block)

    @torch.no_grad()
    def widen(self, features: int, since: int, draws: torch.Generator | None = None) -> None:
        """Let the blocks from ``since`` on read more features; those before go on with what they read.

        Args:
            features: how many there are now.
            since: the first block that reads all of them.
            draws: of the new columns, uniform in +-1/sqrt(d); None leaves them zero, and what is said as it was.
        """
        bound, self.in_features = 1 / math.sqrt(features), features
        for block in self.linears[since:]:
            shape = len(block.weight), features - block.in_features
            more = torch.zeros(shape) if draws is None else (2 * torch.rand(shape, generator=draws) - 1) * bound
            block.weight = nn.Parameter(torch.cat([block.weight, more.to(block.weight)], dim=1))
            block.in_features = features

    def correct(self, rows: Sequence[int]) -> None:
        """Add to the logits of some classes what all features say of them, from zero on; of no class, nothing."""
        if rows:
            like = self.linears[0].weight
            self.corrections.append(Correction(rows, self.in_features, self.bias).to(like))

    @torch.no_grad()
    def adjust(self, since: int, scale: float, shift: float) -> None:
        """Let the logits of some rows be ``scale`` times what they were, and ``shift`` more, which takes a bias.

        Args:
            since: the first of them, where a block begins; all that follow are.
            scale: of the logits.
            shift: of the logits.
        """
        start = 0
        for block in self.linears:
            if start >= since:
                block.weight.mul_(scale)
                if self.bias:
                    block.bias.mul_(scale).add_(shift)
            start += len(block.weight)
        for each in self.added:
            for parameter in each.parameters():
                parameter[each.places >= since] *= scale

    def within(self, features: int) -> Head:
        """Return, of the same modules, those that were there when there were only so many features."""
        part = Head(features, bias=self.bias)
        part.blocks.extend(block for block in self.linears if block.in_features <= features)
        part.corrections.extend(each for each in self.added if each.in_features <= features)
        return part

    def reach(self) -> dict[str, Any]:
        """Return what of the features the blocks read, for ``spec``; nothing where all read all."""
        if not self.corrections and all(each == self.in_features for each in self.reads):
            return {}
        added = [{"rows": each.places.tolist(), "reads": each.in_features} for each in self.added]
        return {"reads": list(self.reads), "corrections": added}


class Correction(nn.Linear):
    """What is added to the logits of some classes; zero at first. forward: (b, reads) -> (b, rows).

    Args:
        rows: which classes, by their place.
        reads: how many features go in.
        bias: whether it has one.
    """

    places: Tensor

    def __init__(self, rows: Sequence[int], reads: int, bias: bool) -> None:
        """Begin at zero."""
        super().__init__(reads, len(rows), bias=bias)
        self.register_buffer("places", torch.tensor(rows, dtype=torch.int64), persistent=False)

    def reset_parameters(self) -> None:
        """Be zero, and draw nothing."""
        for parameter in self.parameters():
            nn.init.zeros_(parameter)


def first(features: Tensor, count: int) -> Tensor:
    """Return the first features, (b, count), as they lay when there were no more: the sums of a product hang on it."""
    return features if features.shape[1] == count else features[:, :count].contiguous()
