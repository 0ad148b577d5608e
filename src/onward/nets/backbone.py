"""What every backbone says of itself."""

from __future__ import annotations

from typing import Any

from torch import nn

from onward.transform import Transform


class Backbone(nn.Module):
    """What makes features. forward: (b, *shape) -> (b, d).

    Attributes:
        features: d.
        shape: of one input, without the batch; () when the network does not say.
        transform: how files become such inputs; None when the network does not say.
    """

    features: int
    shape: tuple[int, ...] = ()
    transform: Transform | None = None

    def trains(self, name: str) -> bool:
        """Say whether an update moves a parameter, by its name; of an adapted network, the adapter's alone."""
        return True

    def spec(self) -> dict[str, Any]:
        """Return the network's shape as JSON: ``{"net": name, **arguments}``, from which ``build`` makes it."""
        raise NotImplementedError(f"{type(self).__name__} must say its shape")
