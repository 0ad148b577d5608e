"""ResNet-18 in the form used on CIFAR."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F

from onward.nets.backbone import Backbone


class Block(nn.Module):
    """Two 3x3 convolutions beside a shortcut (He et al. 2016, fig. 5 left)."""

    def __init__(self, size: int, wider: int, stride: int) -> None:
        """Make the layers; the shortcut is a 1x1 convolution where the shape changes, else nothing."""
        super().__init__()
        self.conv1 = nn.Conv2d(size, wider, 3, stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(wider)
        self.conv2 = nn.Conv2d(wider, wider, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(wider)
        changes = stride != 1 or size != wider
        self.shortcut = (
            nn.Sequential(nn.Conv2d(size, wider, 1, stride, bias=False), nn.BatchNorm2d(wider))
            if changes
            else nn.Identity()
        )

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the sum of both ways."""
        inner = F.relu(self.norm1(self.conv1(inputs)))
        return F.relu(self.norm2(self.conv2(inner)) + self.shortcut(inputs))


class ResNet18(Backbone):
    """He et al. 2016 with a 3x3 stem and no first pooling. forward: (b, ch, h, w) -> (b, 8 * width).

    Width 64 is the network of the CIFAR literature; width 20 is the "reduced ResNet-18" of the continual-learning
    papers (Lopez-Paz & Ranzato 2017).

    Args:
        shape: of one image: channels, height, width.
        width: filters of the first stage; the others have 2, 4 and 8 times as many.
    """

    def __init__(self, shape: Sequence[int], width: int = 64) -> None:
        """Make the layers."""
        super().__init__()
        self.shape, self.width = tuple(shape), width
        self.features = 8 * width
        self.stem = nn.Sequential(nn.Conv2d(self.shape[0], width, 3, padding=1, bias=False), nn.BatchNorm2d(width))
        stages, size = [], width
        for factor, stride in ((1, 1), (2, 2), (4, 2), (8, 2)):
            stages += [Block(size, factor * width, stride), Block(factor * width, factor * width, 1)]
            size = factor * width
        self.blocks = nn.Sequential(*stages)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the features averaged over the map, (b, d)."""
        return self.blocks(F.relu(self.stem(inputs))).mean((2, 3))

    def spec(self) -> dict[str, Any]:
        """Return the shape as JSON, for ``build``."""
        return {"net": "resnet18", "shape": list(self.shape), "width": self.width}
