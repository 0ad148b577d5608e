"""The residual networks of He et al. 2016 for CIFAR, section 4.2, as their published checkpoints name the layers."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F


class Block(nn.Module):
    """Two convolutions beside a shortcut without parameters: every second pixel, and zeros for the new filters."""

    def __init__(self, size: int, wider: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(size, wider, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(wider)
        self.conv2 = nn.Conv2d(wider, wider, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(wider)
        self.new = (wider - size) // 2

    def forward(self, x: Tensor) -> Tensor:
        inner = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        short = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.new, self.new)) if self.new else x
        return F.relu(inner + short)


class ResNet(nn.Module):
    """Three stages of so many blocks, 16, 32 and 64 filters wide."""

    def __init__(self, blocks: int, classes: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16)
        self.layer1 = stage(16, 16, 1, blocks)
        self.layer2 = stage(16, 32, 2, blocks)
        self.layer3 = stage(32, 64, 2, blocks)
        self.linear = nn.Linear(64, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.bn1(self.conv1(x)))
        return self.linear(self.layer3(self.layer2(self.layer1(x))).mean((2, 3)))


def stage(size: int, wider: int, stride: int, blocks: int) -> nn.Sequential:
    rest = [Block(wider, wider, 1) for _ in range(blocks - 1)]
    return nn.Sequential(Block(size, wider, stride), *rest)


def resnet20(classes: int = 10) -> ResNet:
    return ResNet(3, classes)
