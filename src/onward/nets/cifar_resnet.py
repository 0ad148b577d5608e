"""The residual networks of CIFAR, layer by layer as their published checkpoints name them."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from onward.errors import hold


class Block(nn.Module):
    """Two 3x3 convolutions beside a shortcut without parameters: every second pixel, and zeros for the new filters."""

    def __init__(self, size: int, wider: int, stride: int) -> None:
        """Make the layers."""
        super().__init__()
        self.conv1 = nn.Conv2d(size, wider, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(wider)
        self.conv2 = nn.Conv2d(wider, wider, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(wider)
        self.shortcut = padding(size, wider, stride) if wider != size else nn.Identity()

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the sum of both ways."""
        inner = F.relu(self.bn1(self.conv1(inputs)))
        return F.relu(self.bn2(self.conv2(inner)) + self.shortcut(inputs))


class CifarResNet(nn.Module):
    """He et al. 2016, "Deep Residual Learning", section 4.2: three stages. forward: (b, 3, h, w) -> (b, classes).

    Args:
        depth: 20, 32, 44, 56 or any other number of layers 6 n + 2, n of them in a stage.
        classes: outputs.
        width: filters of the first stage; the others have 2 and 4 times as many. Papers: 16.

    Raises:
        InputError: when there is no network of that depth.
    """

    def __init__(self, depth: int = 20, classes: int = 10, width: int = 16) -> None:
        """Make the layers."""
        hold({"depth must be 6 n + 2, such as 20": depth >= 8 and depth % 6 == 2}, {"depth": depth})
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)
        blocks = depth // 6
        self.layer1 = stage(width, width, 1, blocks)
        self.layer2 = stage(width, 2 * width, 2, blocks)
        self.layer3 = stage(2 * width, 4 * width, 2, blocks)
        self.linear = nn.Linear(4 * width, classes)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the logits, (b, classes)."""
        found = self.layer3(self.layer2(self.layer1(F.relu(self.bn1(self.conv1(inputs))))))
        return self.linear(found.mean((2, 3)))


def stage(size: int, wider: int, stride: int, blocks: int) -> nn.Sequential:
    """Return so many blocks, of which the first changes width and size."""
    return nn.Sequential(Block(size, wider, stride), *(Block(wider, wider, 1) for _ in range(blocks - 1)))


def padding(size: int, wider: int, stride: int) -> nn.Conv2d:
    """Return the shortcut that pads, as a convolution whose ones and zeros stand still and in no state dict.

    So it is a layer like others where the network is widened, and a checkpoint without it fits.
    """
    layer = nn.Conv2d(size, wider, 1, stride, bias=False)
    weight = torch.zeros(wider, size, 1, 1)
    rows = torch.arange(size)
    weight[rows + (wider - size) // 2, rows] = 1
    del layer.weight
    layer.register_buffer("weight", weight, persistent=False)
    return layer
