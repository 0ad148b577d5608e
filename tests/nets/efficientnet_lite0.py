"""EfficientNet-Lite0 (Tan & Le 2019 without squeeze-and-excitation and swish), as its published checkpoint names it."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

STAGES = [
    (1, 3, 1, 1, 32, 16), (2, 3, 2, 6, 16, 24), (2, 5, 2, 6, 24, 40), (3, 3, 2, 6, 40, 80), (3, 5, 1, 6, 80, 112),
    (4, 5, 2, 6, 112, 192), (1, 3, 1, 6, 192, 320),
]  # fmt: skip
"""Blocks, kernel, stride of the first, expansion, filters in, filters out."""


class SamePad(nn.Conv2d):
    """A convolution that pads as TensorFlow does: more at the right and below where the sum is odd."""

    def forward(self, input: Tensor) -> Tensor:
        stride, kernel = self.stride[0], self.kernel_size[0]
        high, wide = (max((-(-n // stride) - 1) * stride + kernel - n, 0) for n in input.shape[2:])
        padded = F.pad(input, [wide // 2, wide - wide // 2, high // 2, high - high // 2])
        return F.conv2d(padded, self.weight, self.bias, self.stride, 0, self.dilation, self.groups)


def norm(size: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(size, momentum=0.01, eps=1e-3)


class Block(nn.Module):
    """Wider, by each filter alone, narrower again."""

    def __init__(self, size: int, out: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = size * expansion
        self.expands, self.skips = expansion != 1, stride == 1 and size == out
        if self.expands:
            self._expand_conv, self._bn0 = SamePad(size, inner, 1, bias=False), norm(inner)
        self._depthwise_conv = SamePad(inner, inner, kernel, stride=stride, groups=inner, bias=False)
        self._bn1 = norm(inner)
        self._project_conv, self._bn2 = SamePad(inner, out, 1, bias=False), norm(out)

    def forward(self, x: Tensor) -> Tensor:
        inner = F.relu6(self._bn0(self._expand_conv(x))) if self.expands else x
        inner = self._bn2(self._project_conv(F.relu6(self._bn1(self._depthwise_conv(inner)))))
        return x + inner if self.skips else inner


class Lite0(nn.Module):
    """The whole network, with the names of the checkpoint."""

    def __init__(self, classes: int = 1000) -> None:
        super().__init__()
        self._conv_stem, self._bn0 = SamePad(3, 32, 3, stride=2, bias=False), norm(32)
        self._blocks = nn.ModuleList(
            Block(size if first else out, out, kernel, stride if first else 1, expansion)
            for blocks, kernel, stride, expansion, size, out in STAGES
            for first in [True, *[False] * (blocks - 1)]
        )
        self._conv_head, self._bn1 = SamePad(320, 1280, 1, bias=False), norm(1280)
        self._fc = nn.Linear(1280, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu6(self._bn0(self._conv_stem(x)))
        for block in self._blocks:
            x = block(x)
        return self._fc(F.relu6(self._bn1(self._conv_head(x))).mean((2, 3)))
