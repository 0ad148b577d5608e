"""A backbone's features, rectified after a random projection to many more."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from onward.nets.backbone import Backbone
from onward.rng import generator
from onward.transform import Transform


class RandomFeatures(Backbone):
    """max(0, h P) for the features h of a backbone and a fixed P. forward: (b, *shape) -> (b, width).

    Least squares on these separates classes that it cannot on h itself, as the products of features are in reach
    (McDonnell et al. 2023, "RanPAC", arXiv:2307.02251, section 4.2). P is drawn once and never trained.

    Args:
        inner: the backbone; (b, d).
        width: how many features come out.
        seed: of P, (d, width), normal with variance 1 / d, so that the size of features stays.
    """

    projection: Tensor

    def __init__(self, inner: Backbone, width: int, seed: int) -> None:
        """Draw the projection."""
        super().__init__()
        self.inner, self.seed = inner, seed
        self.shape, self.features = inner.shape, width
        draws = generator(seed, "random features")
        drawn = torch.randn(inner.features, width, generator=draws) / math.sqrt(inner.features)
        self.register_buffer("projection", drawn)

    @property
    def transform(self) -> Transform | None:
        """How files become inputs: as for the backbone itself."""
        return self.inner.transform

    def trains(self, name: str) -> bool:
        """Say whether an update moves a parameter: as the backbone itself does."""
        return self.inner.trains(name.removeprefix("inner."))

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the features, (b, width)."""
        return torch.relu(self.inner(inputs) @ self.projection)

    def spec(self) -> dict[str, Any]:
        """Return the shape as JSON, for ``build``."""
        return {"net": "random_features", "inner": self.inner.spec(), "width": self.features, "seed": self.seed}
