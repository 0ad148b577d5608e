"""A network and a smaller one beside it, which sees the same inputs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from torch import Tensor, cat

from onward.nets.backbone import Backbone
from onward.nets.cnn import CNN
from onward.nets.grown import Grown
from onward.nets.mlp import MLP
from onward.rng import isolated


class SideBySide(Grown):
    """Features of two networks of one input, [h, g]. forward: (b, *shape) -> (b, d + d').

    The side network is one of ours: convolutions for images, else two layers.

    Args:
        inner: the network as it was.
        shape: of one input, without the batch.
        width: d', the side network's features; of convolutions it has the next multiple of 16.
        seed: of the side network's weights.
    """

    def __init__(self, inner: Backbone, shape: Sequence[int], width: int, seed: int) -> None:
        """Draw the side network."""
        super().__init__(inner)
        self.seen, self.width, self.seed = tuple(shape), width, seed
        image = len(self.seen) == 3 and min(self.seen[1:]) > 1  # what is one pixel high cannot be pooled
        with isolated(seed, "added"):
            side = CNN(self.seen, math.ceil(width / 16)) if image else MLP(self.seen, width)
        self.features = inner.features + side.features
        self.put_beside(side)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the features, (b, d + d')."""
        return cat([self.inner(inputs), self.added(inputs)], dim=1)

    def spec(self) -> dict[str, Any]:
        """Return the shape as JSON, for ``build``."""
        return {
            "net": "side_by_side", "inner": self.inner.spec(), "shape": list(self.seen), "width": self.width,
            "seed": self.seed,
        }  # fmt: skip
