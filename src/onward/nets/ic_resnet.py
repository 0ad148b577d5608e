"""A residual network with one convolution a block, as continual learning's published numbers of CIFAR-100 have it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F

from onward.nets.backbone import Backbone


class ICBlock(nn.Module):
    """One 3x3 convolution beside a shortcut, each ReLU before its IC layer: batch norm and dropout."""

    def __init__(self, size: int, wider: int, stride: int, dropout: float) -> None:
        """Make the layers; the shortcut is a 1x1 convolution where the shape changes, else nothing."""
        super().__init__()
        self.conv = nn.Conv2d(size, wider, 3, stride, padding=1, bias=False)
        self.inner, self.outer = independent(wider, dropout), independent(wider, dropout)
        changes = stride != 1 or size != wider
        self.shortcut = nn.Conv2d(size, wider, 1, stride, bias=False) if changes else nn.Identity()

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the sum of both ways, normalised."""
        return self.outer(F.relu(self.inner(F.relu(self.conv(inputs))) + self.shortcut(inputs)))


class ICResNet(Backbone):
    """Eight blocks of one convolution, called a reduced ResNet-18. forward: (b, ch, h, w) -> (b, 8 * width).

    The network in the program of Mirzadeh et al. 2020, "Understanding the Role of Training Regimes in Continual
    Learning", arXiv:2006.06958, where each block has a second convolution that is never called. IC layers, batch norm
    and dropout after the ReLU, are those of Chen et al. 2019, arXiv:1905.05928.

    Args:
        shape: of one image: channels, height, width.
        width: filters of the first stage; the others have 2, 4 and 8 times as many. Papers: 20.
        dropout: in IC layers.
    """

    def __init__(self, shape: Sequence[int], width: int = 20, dropout: float = 0.0) -> None:
        """Make the layers."""
        super().__init__()
        self.shape, self.width, self.dropout = tuple(shape), width, dropout
        self.features = 8 * width
        self.stem = nn.Sequential(nn.Conv2d(self.shape[0], width, 3, padding=1, bias=False), nn.BatchNorm2d(width))
        blocks, size = [], width
        for factor, stride in ((1, 1), (2, 2), (4, 2), (8, 2)):
            wider = factor * width
            blocks += [ICBlock(size, wider, stride, dropout), ICBlock(wider, wider, 1, dropout)]
            size = wider
        self.blocks = nn.Sequential(*blocks)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the features averaged over the map, (b, d)."""
        return self.blocks(F.relu(self.stem(inputs))).mean((2, 3))

    def spec(self) -> dict[str, Any]:
        """Return the shape as JSON, for ``build``."""
        return {"net": "ic_resnet", "shape": list(self.shape), "width": self.width, "dropout": self.dropout}


def independent(size: int, dropout: float) -> nn.Sequential:
    """Return an IC layer."""
    return nn.Sequential(nn.BatchNorm2d(size), nn.Dropout(dropout))
