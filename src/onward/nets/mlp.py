"""A multi-layer perceptron."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from onward.errors import hold
from onward.nets.backbone import Backbone


class MLP(Backbone):
    """Layers of one width with ReLU between. forward: (b, *shape) -> (b, width).

    Args:
        shape: of one input, without the batch.
        width: units of each hidden layer.
        depth: hidden layers, >= 1.
        dropout: share of each hidden layer's units dropped in training.

    Raises:
        InputError: when there is no layer.
    """

    def __init__(self, shape: Sequence[int], width: int = 256, depth: int = 2, dropout: float = 0.0) -> None:
        """Make the layers."""
        hold({"depth must be >= 1": depth >= 1}, {"depth": depth})
        super().__init__()
        self.shape, self.width, self.depth, self.dropout = tuple(shape), width, depth, dropout
        self.features = width
        layers: list[nn.Module] = [nn.Flatten()]
        for size in [math.prod(self.shape)] + [width] * (depth - 1):
            layers += [nn.Linear(size, width), nn.ReLU()]
            layers += [nn.Dropout(dropout)] if dropout else []
        self.layers = nn.Sequential(*layers)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the last hidden layer, (b, width)."""
        return self.layers(inputs)

    def spec(self) -> dict[str, Any]:
        """Return the shape as JSON, for ``build``."""
        return {
            "net": "mlp", "shape": list(self.shape), "width": self.width, "depth": self.depth, "dropout": self.dropout,
        }  # fmt: skip
