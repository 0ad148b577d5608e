"""Features as they come."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from torch import Tensor

from onward.nets.backbone import Backbone


class Identity(Backbone):
    """What arrives are features already, which some network made before. forward: (b, *shape) -> (b, d), flat.

    The classifier is then its head alone, as on a backbone that stands still, and nothing of that is computed twice.

    Args:
        shape: of one input, without the batch.
    """

    def __init__(self, shape: Sequence[int]) -> None:
        """Know how many there are."""
        super().__init__()
        self.shape, self.features = tuple(shape), math.prod(shape)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return them, (b, d)."""
        return inputs.flatten(start_dim=1)

    def spec(self) -> dict[str, Any]:
        """Return the shape as JSON, for ``build``."""
        return {"net": "identity", "shape": list(self.shape)}
