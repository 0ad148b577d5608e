"""A multi-layer perceptron."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from torch import Tensor, nn

from onward.errors import hold
from onward.nets.backbone import Backbone

MOST_LAYERS = 10_000
"""A network has fewer; whoever asks for more would wait for the memory to fill."""


class MLP(Backbone):
    """Layers with ReLU between. forward: (b, *shape) -> (b, width), of the last layer where they differ.

    Args:
        shape: of one input, without the batch.
        width: units of each hidden layer; or of one after another, from the input on, which ``depth`` then counts.
        depth: hidden layers, from 1 to 10,000; None is as many as widths are given, and two of one width.
        dropout: share of each hidden layer's units dropped in training.

    Raises:
        InputError: when there is no layer, or depth counts others than width gives.
    """

    def __init__(
        self, shape: Sequence[int], width: int | Sequence[int] = 256, depth: int | None = None, dropout: float = 0.0
    ) -> None:
        """Make the layers."""
        given = 2 if depth is None else depth
        widths = [width] * min(given, MOST_LAYERS + 1) if isinstance(width, int) else list(width)
        rules = {
            "depth must be >= 1": bool(widths),
            f"depth must be <= {MOST_LAYERS}": len(widths) <= MOST_LAYERS,
            "depth must count the widths, or be left out": depth is None
            or depth == len(widths)
            or not widths
            or len(widths) > MOST_LAYERS,
        }
        hold(rules, {"depth": depth})
        super().__init__()
        self.shape, self.depth, self.dropout = tuple(shape), len(widths), dropout
        self.width = width if isinstance(width, int) else tuple(widths)
        self.features = widths[-1]
        layers: list[nn.Module] = [nn.Flatten()]
        for size, wider in pairwise([math.prod(self.shape), *widths]):
            layers += [nn.Linear(size, wider), nn.ReLU()]
            layers += [nn.Dropout(dropout)] if dropout else []
        self.layers = nn.Sequential(*layers)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the last hidden layer, (b, width)."""
        return self.layers(inputs)

    def spec(self) -> dict[str, Any]:
        """Return the shape as JSON, for ``build``."""
        width = self.width if isinstance(self.width, int) else list(self.width)
        return {
            "net": "mlp", "shape": list(self.shape), "width": width, "depth": self.depth, "dropout": self.dropout,
        }  # fmt: skip
