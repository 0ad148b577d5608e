"""A small convolutional network."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from torch import Tensor, nn

from onward.nets.backbone import Backbone, channels_last


class CNN(Backbone):
    """Three 3x3 convolutions with batch norm, the width doubling, down to a 2x2 map. forward: (b, ch, h, w) -> (b, d).

    Args:
        shape: of one image: channels, height, width.
        width: filters of the first layer; d is 16 times as much.
    """

    def __init__(self, shape: Sequence[int], width: int = 16) -> None:
        """Make the layers."""
        super().__init__()
        self.shape, self.width = tuple(shape), width
        self.features = 4 * width * 4
        sizes = [self.shape[0], width, 2 * width, 4 * width]
        layers: list[nn.Module] = []
        for index, (size, wider) in enumerate(pairwise(sizes)):
            layers += [nn.Conv2d(size, wider, 3, padding=1, bias=False), nn.BatchNorm2d(wider), nn.ReLU()]
            layers += [nn.MaxPool2d(2)] if index == 1 else []
        self.layers = nn.Sequential(*layers, nn.AdaptiveMaxPool2d(2), nn.Flatten())

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the features, (b, d)."""
        return self.layers(channels_last(inputs))

    def spec(self) -> dict[str, Any]:
        """Return the shape as JSON, for ``build``."""
        return {"net": "cnn", "shape": list(self.shape), "width": self.width}
