"""A network with new layers at its end."""

from __future__ import annotations

from typing import Any

from torch import Tensor, cat, nn

from onward.nets.backbone import Backbone
from onward.nets.grown import Grown
from onward.rng import isolated


class Deepened(Grown):
    """Features h and what new layers make of them, [h, g]. forward: (b, *shape) -> (b, d + width).

        g = φ(.. φ(h W_1 + b_1) .. W_L + b_L),   φ the ReLU

    Args:
        inner: the network as it was.
        layers: L, >= 1.
        width: units of each.
        seed: of the new weights, which are drawn as torch draws a layer.
    """

    def __init__(self, inner: Backbone, layers: int, width: int, seed: int) -> None:
        """Draw the layers."""
        super().__init__(inner)
        self.layers, self.width, self.seed = layers, width, seed
        self.features = inner.features + width
        sizes = [inner.features, *[width] * (layers - 1)]
        with isolated(seed, "added"):
            self.put_beside(nn.Sequential(*(part for size in sizes for part in (nn.Linear(size, width), nn.ReLU()))))

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the features, (b, d + width)."""
        old = self.inner(inputs)
        return cat([old, self.added(old)], dim=1)

    def spec(self) -> dict[str, Any]:
        """Return the shape as JSON, for ``build``."""
        return {
            "net": "deepened", "inner": self.inner.spec(), "layers": self.layers, "width": self.width,
            "seed": self.seed,
        }  # fmt: skip
